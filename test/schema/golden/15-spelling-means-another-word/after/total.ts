// What an order costs.

const NOTHING = 0n;

const amountOf = (quantity: bigint | null, price: bigint | null): bigint => (quantity ?? NOTHING) * (price ?? NOTHING);

/** The sum of quantity × price. */
export function totalOf(quantities: readonly (bigint | null)[], prices: readonly (bigint | null)[]): bigint {
  return quantities.reduce<bigint>((sum, quantity, line) => sum + amountOf(quantity, prices[line] ?? null), NOTHING);
}
