// What an order costs: Σ quantity × price, exact. Quantities and prices may be zero or negative.

import { fitsDecimal, multiplyByInteger } from '../../model/decimal.ts';
import { Refusal } from '../../model/language.ts';

/** `prices` are unscaled decimals of scale 18, one for each quantity. */
export function orderTotal(
  quantities: readonly (bigint | null)[],
  prices: readonly (bigint | null)[],
): bigint | Refusal {
  const total = quantities.reduce<bigint>(
    (sum, quantity, line) => sum + multiplyByInteger(prices[line] ?? 0n, quantity ?? 0n),
    0n,
  );
  return fitsDecimal(total) ? total : new Refusal('order total does not fit a decimal of 38 digits');
}
