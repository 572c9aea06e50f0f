/** Every bound of the runner, in one place. Those of the service carry its documented value; the rest are ours. */

/** Input and output of a state, arguments of a task, one Assign: UTF-8 bytes of their JSON text (service). */
export const payloadBytesMax = 256 * 1024;
/** All variables of one execution together (service: 10 MiB). */
export const variablesBytesMax = 10 * 1024 * 1024;
/** Events of one execution; a loop that never leaves ends here (service). */
export const historyEventsMax = 25_000;
/**
 * Items in flight when MaxConcurrency is 0 or absent: what the service grants an inline map. A task of ours is a thread, not
 * a Lambda.
 */
export const unsetConcurrency = 40;
/** Items in flight whatever MaxConcurrency says (service: children of a distributed map). */
export const concurrencyMax = 10_000;
/** Results held before a ResultWriter file is cut, and their length as text. The service cuts by bytes; ours must stay small in memory. */
export const resultsPerFile = 1_000;
export const resultCharactersPerFile = 4_000_000;
/** How long a timed-out task may take to heed its AbortSignal before the state fails without it. */
export const timeoutGraceMs = 10_000;
/** The members of $range (service). */
export const rangeMembersMax = 1_000;
export const causeCharactersMax = 32_768;
export const stateNameCharactersMax = 80;
export const labelCharactersMax = 40;
export const secondsMax = 99_999_999;
export const maxDelaySecondsMax = 31_622_400;
export const compiledExpressionsMax = 10_000;
