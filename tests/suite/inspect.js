'use strict';
// Waits for the frame, then writes as JSON: its width, whether it is dark, elements that are too wide, text with too little contrast
// (WCAG 2.2, 1.4.3: 4.5 to 1, or 3 to 1 for large text), and pictures, tables and regions without a name.
const frame = document.getElementById('page');

function describe(element) {
  const text = element.textContent.trim().replace(/\s+/g, ' ').slice(0, 40);
  const name = element.getAttribute('class');
  return element.tagName.toLowerCase() + (name ? '.' + name : '') + ' "' + text + '"';
}

function channels(color) {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return { rgb: [red, green, blue], alpha: alpha / 255 };
}

function luminance(rgb) {
  const linear = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function background(element, view) {
  for (let at = element; at; at = at.parentElement) {
    const { rgb, alpha } = channels(view.getComputedStyle(at).backgroundColor);
    if (alpha === 1) return rgb;
  }
  return [255, 255, 255];
}

// Whether an ancestor scrolls or clips the element.
function contained(element, view) {
  for (let at = element.parentElement; at && at.tagName !== 'BODY'; at = at.parentElement) {
    if (at.tagName === 'svg' || view.getComputedStyle(at).overflowX !== 'visible') return true;
  }
  return false;
}

function isFaint(element, view) {
  const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.textContent.trim());
  const style = view.getComputedStyle(element);
  if (!own || !element.getClientRects().length || ['STYLE', 'TITLE', 'SCRIPT', 'title', 'desc'].includes(element.tagName)) return false;
  const ink = channels(element.ownerSVGElement ? style.fill : style.color).rgb;
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
  return contrast(ink, background(element, view)) < (large ? 3 : 4.5);
}

function isNameless(element, page) {
  if (element.getAttribute('aria-hidden') === 'true') return false;
  if (element.tagName === 'TABLE') return !element.caption;
  const labels = (element.getAttribute('aria-labelledby') || '').split(' ').filter(Boolean);
  const named = element.getAttribute('aria-label') || (labels.length && labels.every((id) => page.getElementById(id)?.textContent.trim()));
  return !named;
}

// Whether the list of contents is shown; null if the browser cannot open it by its style sheet.
function showsContents(page, view) {
  const list = page.querySelector('.contents nav');
  if (!list || !view.CSS.supports('selector(::details-content)')) return null;
  return list.checkVisibility();
}

// Where the parts of the first screen end, from the top of the page.
function ends(page) {
  const bottom = (name) => page.querySelector(name)?.getBoundingClientRect().bottom ?? null;
  return { title: bottom('h1'), said: bottom('.finding'), heading: bottom('main table thead') };
}

// Tables that must not scroll sideways: on a phone those that are lists of cells there, on a desktop the main ones.
function scrolls(table) {
  return table.parentElement.scrollWidth > table.parentElement.clientWidth + 1;
}

function inspect() {
  const [view, page] = [frame.contentWindow, frame.contentDocument];
  const all = Array.from(page.body.querySelectorAll('*'));
  const width = page.documentElement.clientWidth;
  const isTooWide = (element) => element.getBoundingClientRect().right > width + 0.5 && !contained(element, view);
  return {
    width,
    scrollWidth: page.documentElement.scrollWidth,
    dark: view.matchMedia('(prefers-color-scheme: dark)').matches,
    wide: all.filter(isTooWide).map(describe),
    contents: showsContents(page, view),
    ends: ends(page),
    scrolling: Array.from(page.querySelectorAll(width > 640 ? '.scroll > table.main' : '.scroll > table.stack')).filter(scrolls).map(describe),
    faint: all.filter((element) => isFaint(element, view)).map(describe),
    nameless: Array.from(page.querySelectorAll('svg, table, [role=region], [role=img], main section')).filter((element) => isNameless(element, page)).map(describe),
  };
}

function report() {
  // ASCII without markup, so that it can be read back from the page's source.
  const escape = (character) => '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0');
  document.getElementById('found').textContent = JSON.stringify(inspect()).replace(/[<>&\u007f-\uffff]/g, escape);
}

if (frame.contentDocument?.readyState === 'complete' && frame.contentDocument.body?.childElementCount) report();
else frame.addEventListener('load', report);
