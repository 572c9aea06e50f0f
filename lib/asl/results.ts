/**
 * Where the results of a map go: held for the state's result, or, with a ResultWriter, written in files of bounded length
 * and let go. File names and manifest are those of the service (docs: "ResultWriter (Map)").
 */
import { StateFailure } from './errors.ts';
import { bindingsAt, isoTime, machineArn, type Run, type Visit } from './execution.ts';
import { evaluateTemplate, evaluateText } from './expression.ts';
import { resultCharactersPerFile, resultsPerFile } from './limits.ts';
import type { JsonObject, JsonValue, MapState } from './machine.ts';

export interface MapResults {
  succeeded(index: number, child: Run | undefined, output: JsonValue): Promise<void>;
  failed(index: number, child: Run | undefined, failure: StateFailure): Promise<void>;
  /** To be called once, after the last child. @returns the result of the Map state. */
  finish(): Promise<JsonValue>;
}

export async function resultsOf(visit: Visit, state: MapState): Promise<MapResults> {
  return state.ResultWriter === undefined ? heldResults() : writtenResults(visit, state.ResultWriter, state.Label);
}

/** Outputs in the order of the items. A tolerated failure stands as its record, as the service has it. */
function heldResults(): MapResults {
  const results: JsonValue[] = [];
  return {
    async succeeded(index, _child, output) {
      results[index] = output;
    },
    async failed(index, child, failure) {
      results[index] = child === undefined ? null : failedRecord(child, failure);
    },
    finish: async () => results,
  };
}

async function writtenResults(
  visit: Visit,
  writer: NonNullable<MapState['ResultWriter']>,
  label: string | undefined,
): Promise<MapResults> {
  const { options } = visit.scope.run;
  const { writeResult } = options;
  if (writeResult === undefined) throw new Error(`map ${visit.name} has a ResultWriter, but no writeResult was given`);
  const bindings = bindingsAt(visit);
  const field = 'ResultWriter/Arguments';
  const place = (await evaluateTemplate(writer.Arguments, field, bindings)) as JsonObject;
  const bucket = await evaluateText(place?.Bucket ?? null, `${field}/Bucket`, bindings);
  const given = await evaluateText(place?.Prefix ?? '', `${field}/Prefix`, bindings);
  const runId = visit.scope.random.uuid();
  const prefix = given === '' ? runId : `${given.replace(/\/+$/, '')}/${runId}`;
  const files: Record<'FAILED' | 'PENDING' | 'SUCCEEDED', JsonObject[]> = { FAILED: [], PENDING: [], SUCCEEDED: [] };
  const held: Record<'FAILED' | 'SUCCEEDED', JsonValue[]> = { FAILED: [], SUCCEEDED: [] };
  const characters = { FAILED: 0, SUCCEEDED: 0 };
  // One file at a time: children that end meanwhile wait here, and with them the map.
  let writing: Promise<void> = Promise.resolve();
  const write = (name: string, lines: JsonValue[]): Promise<void> => {
    writing = writing.then(() => writeResult({ bucket, prefix, name }, lines)).catch(writerFailed);
    return writing;
  };
  const cut = async (status: 'FAILED' | 'SUCCEEDED'): Promise<void> => {
    const lines = held[status];
    held[status] = [];
    characters[status] = 0;
    const name = `${status}_${files[status].length}.json`;
    files[status].push({ Key: `${prefix}/${name}`, Size: Buffer.byteLength(JSON.stringify(lines), 'utf8') });
    await write(name, lines);
  };
  const hold = async (status: 'FAILED' | 'SUCCEEDED', line: JsonValue): Promise<void> => {
    held[status].push(line);
    characters[status] += JSON.stringify(line).length;
    if (held[status].length >= resultsPerFile || characters[status] >= resultCharactersPerFile) await cut(status);
  };
  const mapRunArn = `${machineArn(options).replace(':stateMachine:', ':mapRun:')}/${label ?? visit.name}:${runId}`;
  return {
    succeeded: (_index, child, output) => hold('SUCCEEDED', succeededRecord(child!, output)),
    failed: (_index, child, failure) => hold('FAILED', failedRecord(child!, failure)),
    async finish() {
      for (const status of ['SUCCEEDED', 'FAILED'] as const) if (held[status].length > 0) await cut(status);
      const manifest = { DestinationBucket: bucket, MapRunArn: mapRunArn, ResultFiles: files };
      await write('manifest.json', [manifest]);
      return { MapRunArn: mapRunArn, ResultWriterDetails: { Bucket: bucket, Key: `${prefix}/manifest.json` } };
    },
  };
}

function writerFailed(thrown: unknown): never {
  throw new StateFailure('States.ResultWriterFailed', thrown instanceof Error ? thrown.message : String(thrown));
}

function succeededRecord(child: Run, output: JsonValue): JsonObject {
  return { ...recordOf(child, 'SUCCEEDED'), Output: JSON.stringify(output), OutputDetails: { Included: true } };
}

function failedRecord(child: Run, failure: StateFailure): JsonObject {
  return { ...recordOf(child, 'FAILED'), Error: failure.errorName, Cause: failure.message };
}

function recordOf(child: Run, status: string): JsonObject {
  return {
    ExecutionArn: child.id,
    Input: JSON.stringify(child.input),
    InputDetails: { Included: true },
    Name: child.name,
    RedriveCount: 0,
    RedriveStatus: 'NOT_REDRIVABLE',
    StartDate: child.startTime,
    StateMachineArn: machineArn(child.options),
    Status: status,
    StopDate: isoTime(child.options),
  };
}
