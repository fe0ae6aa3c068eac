/** What a text inside JSON may stand for: itself, and the number, truth value or null that is written like it. */
export function jsonReadings(text: string): (string | number | boolean | null)[] {
  if (text === 'true' || text === 'false') return [text, text === 'true'];
  if (text === 'null') return [text, null];
  return isNumber(text) ? [text, Number(text)] : [text];
}

/** Whether a text is written like a number of JSON. */
export const isNumber = (text: string): boolean =>
  /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text));

/** The number that the digits of a text are, or the text, where it is something else. */
export const wholeNumber = (text: string): string | number => (/^\d{1,16}$/.test(text) ? Number(text) : text);
