// What may be known, outside the lake, of content that holds cards: texts made with the home's key. A plain hash of such
// content can be searched, because a card number has few digits that are not known otherwise: all of them are tried.

import { createHash, createHmac } from 'node:crypto';

/** A sealed delivery holds this many digits of the sha256; copies that agree in all of them count as one. */
export const SEALED_DIGITS = 32;
const SEAL_ROUNDS = 4;
const SEALED = /^~[0-9a-f]{32}$/;
const HALF_DIGITS = SEALED_DIGITS / 2;
/** Versions before this one kept four digits of the sha256 as they are, before the seal. */
const OLD_PREFIX = /^[0-9a-f]{4}~/;

/** 32 hex digits that nobody can make without the key. `purpose` keeps hashes of one content apart. */
export function keyedHash(key: Uint8Array, purpose: string, content: string): string {
  return createHmac('sha256', key).update(`${purpose}\n${content}`).digest('hex').slice(0, 32);
}

/** The key of a seal's rounds and of the catalog's keys, as hex: what whoever opens seals needs. */
export const sealKey = (deliveryKey: Uint8Array): string =>
  createHmac('sha256', deliveryKey).update('seal').digest('hex');

/**
 * The 60-bit hash under which the catalog keeps keys, and plans name events: the first 15 hex digits of a sha256 with
 * `secret` (of `sealKey`), since the key of a delivery that is rejected is nowhere else.
 */
export const keyHash = (secret: string, key: string): bigint =>
  BigInt(`0x${createHash('sha256').update(`${secret}:row:${key}`).digest('hex').slice(0, 15)}`);

/**
 * A body's sha256, encrypted: equal for equal bodies, and without the key random digits. Whoever has the key opens it
 * again, since the greater sha256 decides between copies received at the same time. A Feistel network over 128 bits
 * with sha256 as its round function, so that SQL can open it, too.
 * @param key of `sealKey`
 */
export function sealDelivery(key: string, bodySha256: string): string {
  let left = BigInt(`0x${bodySha256.slice(0, HALF_DIGITS)}`);
  let right = BigInt(`0x${bodySha256.slice(HALF_DIGITS, SEALED_DIGITS)}`);
  for (let round = 0; round < SEAL_ROUNDS; round++) [left, right] = [right, left ^ roundOf(key, round, right)];
  return `~${digits(left)}${digits(right)}`;
}

/** What deliveries of one event are compared by: the sha256 of the body, its first digits when it was sealed. */
export function orderOfDelivery(key: string, delivery: string): string {
  if (OLD_PREFIX.test(delivery)) return delivery.slice(0, 4);
  if (!SEALED.test(delivery)) return delivery;
  let left = BigInt(`0x${delivery.slice(1, 1 + HALF_DIGITS)}`);
  let right = BigInt(`0x${delivery.slice(1 + HALF_DIGITS)}`);
  for (let round = SEAL_ROUNDS - 1; round >= 0; round--) [left, right] = [right ^ roundOf(key, round, left), left];
  return digits(left) + digits(right);
}

const digits = (half: bigint): string => half.toString(16).padStart(HALF_DIGITS, '0');

function roundOf(key: string, round: number, half: bigint): bigint {
  const hash = createHash('sha256')
    .update(`${key}:${round}:${digits(half)}`)
    .digest('hex');
  return BigInt(`0x${hash.slice(0, HALF_DIGITS)}`);
}
