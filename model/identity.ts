// Joins what identifies an event into its `event_id` text, so that different identities never share one text. What the
// parts are, and which prefix a class has, is for each pipeline to say.

/**
 * The identity as text: the prefix as it is, then each part, joined by `:`.
 * @param prefix the class prefix, not encoded; undefined when the pipeline has none
 * @param parts each with its `%` and `:` percent-encoded (`%25`, `%3A`); nothing else is changed
 */
export function joinIdentity(prefix: string | undefined, parts: readonly string[]): string {
  const encoded = parts.map(encodePart).join(':');
  return prefix === undefined ? encoded : `${prefix}:${encoded}`;
}

function encodePart(part: string): string {
  if (!part.includes('%') && !part.includes(':')) return part;
  return part.replaceAll('%', '%25').replaceAll(':', '%3A');
}
