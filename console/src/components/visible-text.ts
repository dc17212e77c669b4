/** What is not seen, or turns the direction of writing: by it one id can be made to look like another. */
const HIDDEN = /[\p{Cc}\u00ad\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** The text with such characters written out: `[202E]`. */
export function visibleText(text: string): string {
  return text.replace(
    HIDDEN,
    (hidden) => `[${hidden.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
  );
}
