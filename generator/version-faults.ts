// Version fields, known and unknown, under every name that the contract has for them and on every shape.

import { type Fields, type Json, withField, writeJson } from './body.ts';
import type { Draft, Drawing } from './draft.ts';
import { accepting, type Entry, rejecting } from './entry.ts';

const VERSION_PATHS = ['v', 'version', 'schema_version', 'schemaVersion', 'schema', 'meta.schema'] as const;
const NO_VERSIONS: readonly Json[] = [99, '1', null, true, 1.5, -1, [], {}, 'v1', '2', 0, false, '', [1]];

function withoutVersion({ shape, body }: Draft): Fields {
  return shape.versionPath === undefined ? body : withField(body, shape.versionPath, undefined);
}

function isFirstShape(drawing: Drawing): boolean {
  return drawing.shape.version === 1;
}

export function unknownVersion(drawings: readonly Drawing[]): Entry[] {
  const only = (drawing: Drawing) => (other: Drawing) => other === drawing;
  return [
    ...drawings.flatMap((drawing, shape) =>
      VERSION_PATHS.map((path, i) =>
        rejecting(
          'version_unknown',
          'unknown_schema_version',
          (draft) =>
            writeJson(
              withField(
                withoutVersion(draft),
                path,
                NO_VERSIONS[(shape * VERSION_PATHS.length + i) % NO_VERSIONS.length]!,
              ),
            ),
          only(drawing),
        ),
      ),
    ),
    ...drawings.flatMap((drawing) =>
      [99, null, String(drawing.shape.version)]
        .filter((value) => value !== drawing.shape.version)
        .map((value) =>
          rejecting(
            value === null ? 'version_null' : value === 99 ? 'version_unknown' : 'version_as_text',
            'unknown_schema_version',
            ({ shape, body }) => writeJson(withField(body, shape.versionPath ?? 'v', value)),
            only(drawing),
          ),
        ),
    ),
    ...drawings.map((drawing) =>
      rejecting(
        'versions_one_unknown',
        'unknown_schema_version',
        ({ shape, body }, _, random) => {
          const others = VERSION_PATHS.filter((path) => path !== shape.versionPath);
          const known = withField(body, shape.versionPath ?? 'v', shape.version);
          return writeJson(
            withField(known, random.pick(shape.versionPath === undefined ? others.slice(1) : others), 99),
          );
        },
        only(drawing),
      ),
    ),
    rejecting(
      'versions_disagree',
      'unknown_schema_version',
      ({ shape, body }) =>
        writeJson(withField(body, shape.versionPath === 'schema' ? 'v' : 'schema', shape.otherVersion!)),
      ({ shape }) => shape.otherVersion !== undefined && shape.versionPath !== undefined,
    ),
    rejecting('version_alone', 'unknown_schema_version', () => '{"v":99}'),
    rejecting('object_without_fields', 'schema_violation', () => '{}', isFirstShape),
    rejecting(
      'version_absent_where_first_is_not_listed',
      'unknown_schema_version',
      (draft) => writeJson(withoutVersion(draft)),
      ({ shape }) => shape.version !== 1 && shape.otherVersion !== 1,
    ),
  ];
}

export function acceptedVersions(drawings: readonly Drawing[]): Entry[] {
  const only = (drawing: Drawing) => (other: Drawing) => other === drawing;
  return [
    accepting(
      'version_absent',
      (draft) => writeJson(withoutVersion(draft)),
      ({ shape }) => shape.version === 1 && shape.versionPath !== undefined,
    ),
    ...drawings.flatMap((drawing) => {
      const { versionPath, version } = drawing.shape;
      const others = VERSION_PATHS.filter((path) => path !== versionPath);
      return [
        ...others.map((path) =>
          accepting(
            'version_elsewhere',
            (draft) => writeJson(withField(withoutVersion(draft), path, version)),
            only(drawing),
          ),
        ),
        accepting(
          'versions_agree',
          (draft, random) =>
            writeJson(
              withField(withField(draft.body, versionPath ?? others[0]!, version), random.pick(others), version),
            ),
          only(drawing),
        ),
      ];
    }),
  ];
}
