/** What the rest of the project uses of the ASL runner. */
export { StateMachineInvalid, type TaskFailure, TaskTokenUnknown } from './errors.ts';
export type { Execution, ExecutionEvent, ExecutionOptions, ExecutionResult, TaskCall } from './execution.ts';
export { loadStateMachine } from './load.ts';
export type { Flow, JsonObject, JsonValue, StateMachine } from './machine.ts';
export { startExecution } from './run.ts';
