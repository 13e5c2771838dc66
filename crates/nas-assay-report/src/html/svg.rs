//! What all pictures share: escaped text, how much room it takes, and an SVG element with a title and a description.

/// Escapes text for SVG and HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The room that a text takes at most, in the type of pictures. Fonts differ; few characters are wider than this.
pub(crate) fn width_of(text: &str) -> f64 {
    7.0 * text.chars().count() as f64
}

/// The text with at most so many characters, the last of them an ellipsis if it was longer.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// A picture with a title and a description for screen readers. `id` must be unique in the page.
pub(crate) fn picture(id: &str, [width, height]: [u32; 2], title: &str, description: &str, body: &str) -> String {
    let (title, description) = (escape(title), escape(description));
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\
         <title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{description}</desc>{body}</svg>"
    )
}
