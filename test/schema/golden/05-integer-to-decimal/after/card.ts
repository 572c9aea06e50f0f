// What may be told of a card number.

/** Its last four characters. */
export function lastFour(card: string): string {
  return card.slice(-4);
}
