/**
 * A text without control characters, all of Unicode's category Cc. By their numbers and not as `\P{Cc}`: this stands in
 * openapi.json too, and few readers of a contract know the categories.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
export const NO_CONTROL_CHARACTERS = /^[^\u0000-\u001f\u007f-\u009f]*$/;
