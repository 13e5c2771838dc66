//! What all pictures share: text that is safe inside SVG, and the frame with a title and a description.

/// Text that SVG and HTML take literally.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A picture with a name and a description for those who do not see it. `id` must be unique in the page.
pub(crate) fn picture(id: &str, [width, height]: [u32; 2], title: &str, description: &str, body: &str) -> String {
    let (title, description) = (escape(title), escape(description));
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\
         <title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{description}</desc>{body}</svg>"
    )
}
