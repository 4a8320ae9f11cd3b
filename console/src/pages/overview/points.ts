import type { Overview } from "../../api/overview.ts";

type Point = Overview["points"][number];

/** Every step of the period, those without numbers included: the server leaves them out. */
export function everyStep({ from, to, stepMs, points }: Overview): Point[] {
  const known = new Map(points.map((point) => [point.at, point]));
  const steps: Point[] = [];
  for (let at = Math.floor(from / stepMs) * stepMs; at < to; at += stepMs) {
    steps.push(known.get(at) ?? { at, pushes: 0, arrivals: 0, discards: 0, p50: null, p99: null, count: 0 });
  }
  return steps;
}

export function totals(points: readonly Point[]): { pushes: number; arrivals: number; discards: number } {
  const sum = (of: (point: Point) => number) => points.reduce((total, point) => total + of(point), 0);
  return { pushes: sum((p) => p.pushes), arrivals: sum((p) => p.arrivals), discards: sum((p) => p.discards) };
}
