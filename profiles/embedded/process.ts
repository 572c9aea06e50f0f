// What commands use of the process and the system that they run on.

export { createPrivately } from '../../adapters/folder/private-files.ts';
export { systemClock } from '../../adapters/system/clock.ts';
export { asFileError } from '../../adapters/system/file-errors.ts';
export { giveBackMemory } from '../../adapters/system/give-back.ts';
export { openTemporaryFolder } from '../../adapters/system/outside-home.ts';
