/**
 * A value of Sigma as a pattern of SQL's LIKE: `*` is any text, `?` any one character, and a backslash takes their meaning
 * from both, and from itself; before anything else it is a backslash (Sigma specification, "Escaping").
 */
export function likePattern(value: string): string {
  return value.replace(/\\[*?\\]|[*?%_\\]/g, part => {
    if (part === '*') return '%';
    if (part === '?') return '_';
    const literal = part.length === 2 ? part.slice(1) : part;
    return /[%_\\]/.test(literal) ? `\\${literal}` : literal;
  });
}

/** Whether a value is nothing but one text. */
export const isPlain = (value: string): boolean => !/[*?\\]/.test(value);
