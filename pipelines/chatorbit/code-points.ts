// The length of a text as people count it for billing: code points, where JavaScript counts UTF-16 units.

/** How many code points a well-formed text has: its units less one for each surrogate pair. */
export function countCodePoints(text: string): bigint {
  let count = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit <= 0xdbff) count--;
  }
  return BigInt(count);
}
