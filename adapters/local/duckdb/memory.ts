// How much memory each DuckDB instance may hold before it spills to scratch, so that a run's peak does not grow with
// what it reads. A run has a stage instance for each active slice and one warehouse.

export const MEMORY = {
  stageMb: 160,
  settleMb: 192,
  warehouseMb: 256,
  catalogMb: 128,
  /** V8 heap of a stage worker. */
  workerHeapMb: 192,
} as const;
