import type { Outcome } from "./torture.ts";

const SHOWN = 40;

/** What a run found, for people. */
export function reportOf({ counts, lost, wrong, ...seen }: Outcome): string {
  const fates = Object.entries(counts).map(([fate, n]) => `  ${fate.padEnd(16)}${String(n).padStart(9)}`);
  return [
    `${seen.published} pushes, ${seen.arrivals} arrivals; on bare sockets ${seen.repeats} repeats (DLV-8)`,
    `answers: ${listed(seen.answers)}`,
    `blows:   ${listed(seen.blows)}`,
    "what became of the pushes:",
    ...fates,
    ...some("lost", lost.map(({ push, biz, owner, why }) => `m-${push}, ${biz} of ${owner || "everybody"}: ${why}`)),
    ...some("against the rules", wrong.map(({ rule, what }) => `${rule}: ${what}`)),
    isGood({ lost, wrong })
      ? "nothing lost, nothing against the rules"
      : `${lost.length} lost, ${wrong.length} against the rules`,
  ].join("\n");
}

export const isGood = ({ lost, wrong }: Pick<Outcome, "lost" | "wrong">): boolean =>
  lost.length === 0 && wrong.length === 0;

const listed = (counts: ReadonlyMap<string, number>) =>
  [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([what, n]) => `${what} ${n}`).join(", ");

function some(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const rest = lines.length - SHOWN;
  return [
    `${title}: ${lines.length}`,
    ...lines.slice(0, SHOWN).map((line) => `  ${line}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}
