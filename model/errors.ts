// The errors of the engine and its ports, and what each means to whoever retries. Adapters classify their driver's errors into
// these in one function; nothing else decides what a failure means. Messages never quote a driver's text: drivers
// quote bodies.

/** What a retry can do: `transient` may pass by itself, `terminal` never will, `unknown` must be looked up first. */
export type RetryClass = 'transient' | 'terminal' | 'unknown';

/** Process exit codes: 1 failed, 2 usage or configuration, 3 refused by a guard, 4 verification found a difference. */
export type ExitCode = 1 | 2 | 3 | 4;

/**
 * Every code, its retry class and its exit code. The code is also the `ErrorEquals` name in the state machine, so a
 * code and its meaning are stated once.
 */
export const ERROR_CODES = {
  Usage: { retry: 'terminal', exit: 2 },
  Configuration: { retry: 'terminal', exit: 2 },
  UnknownPipeline: { retry: 'terminal', exit: 2 },
  ModelContradiction: { retry: 'terminal', exit: 2 },
  /** A function of the declaration threw, or gave what its column cannot hold. */
  TransformFault: { retry: 'terminal', exit: 2 },
  NotADelivery: { retry: 'terminal', exit: 2 },
  NotFound: { retry: 'terminal', exit: 2 },
  HomeNotOurs: { retry: 'terminal', exit: 2 },
  /** The warehouse file is that of another home. */
  WarehouseNotOurs: { retry: 'terminal', exit: 3 },
  HomeNewer: { retry: 'terminal', exit: 2 },
  /** An earlier release made the home: one command brings it to this one's format. */
  HomeOlder: { retry: 'terminal', exit: 2 },
  HomeGone: { retry: 'terminal', exit: 1 },
  HomeReadOnly: { retry: 'terminal', exit: 2 },
  EmptyLake: { retry: 'terminal', exit: 2 },
  /** A control document is not what it was written as. */
  NotAsRecorded: { retry: 'terminal', exit: 3 },
  PlanDrifted: { retry: 'terminal', exit: 3 },
  WarehouseHeld: { retry: 'transient', exit: 3 },
  LeaseHeld: { retry: 'terminal', exit: 3 },
  LeaseLost: { retry: 'terminal', exit: 3 },
  TransformsRetired: { retry: 'terminal', exit: 3 },
  Unexplained: { retry: 'terminal', exit: 3 },
  ChangeTooLarge: { retry: 'terminal', exit: 3 },
  /** Whoever began the run may not approve it. */
  FourEyes: { retry: 'terminal', exit: 3 },
  Rejected: { retry: 'terminal', exit: 3 },
  NotUndoable: { retry: 'terminal', exit: 3 },
  Undone: { retry: 'terminal', exit: 3 },
  RunBusy: { retry: 'terminal', exit: 3 },
  ObjectChanged: { retry: 'terminal', exit: 3 },
  ObjectMissing: { retry: 'terminal', exit: 3 },
  UnreadableObject: { retry: 'terminal', exit: 1 },
  DiskFull: { retry: 'terminal', exit: 1 },
  OpenFilesLimit: { retry: 'terminal', exit: 1 },
  StoreUnavailable: { retry: 'transient', exit: 1 },
  WarehouseFailed: { retry: 'unknown', exit: 1 },
  StageFailed: { retry: 'unknown', exit: 1 },
  Paused: { retry: 'terminal', exit: 1 },
  Cancelled: { retry: 'terminal', exit: 1 },
  Damaged: { retry: 'terminal', exit: 1 },
  LedgerBroken: { retry: 'terminal', exit: 4 },
  VerificationDiffers: { retry: 'terminal', exit: 4 },
  Internal: { retry: 'unknown', exit: 1 },
} as const satisfies Record<string, { retry: RetryClass; exit: ExitCode }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** A failure that a person or a state machine can act on: what happened with measured values, and what to do next. */
export class RepriseError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;

  constructor(code: ErrorCode, message: string, fix: string) {
    super(message);
    this.name = code;
    this.code = code;
    this.fix = fix;
  }

  /** The name the state machine matches in `Retry` and `Catch`. */
  get errorName(): ErrorCode {
    return this.code;
  }

  get retry(): RetryClass {
    return ERROR_CODES[this.code].retry;
  }

  get exitCode(): ExitCode {
    return ERROR_CODES[this.code].exit;
  }
}

/** True for our own errors, also for those that came out of a worker thread, where the class is lost. */
export function isRepriseError(error: unknown): error is RepriseError {
  return error instanceof RepriseError;
}
