/** Ticks of /proc a second; the same on every Linux that Deno runs on. */
const HERTZ = 100;

/** CPU time that a process has used, user and system, s. NaN where the system does not tell (only Linux does). */
export function cpuSeconds(pid: number): number {
  return ticks(pid)?.own ?? NaN;
}

/** CPU time of a process and its children, also of those that ended, s. */
export function treeCpuSeconds(pid: number): number {
  const root = ticks(pid);
  if (root === undefined) return NaN;
  return childrenOf(pid).reduce((sum, child) => sum + (ticks(child)?.own ?? 0), root.own + root.ended);
}

/** Memory of a process and its children that belongs to each alone, bytes: without files and what they share. */
export function treeMemory(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => {
    const status = readProc(`${one}/status`) ?? "";
    return sum + Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
  }, 0);
}

function childrenOf(pid: number): number[] {
  return (readProc(`${pid}/task/${pid}/children`) ?? "").split(" ").filter(Boolean).map(Number);
}

function ticks(pid: number): { own: number; ended: number } | undefined {
  // the name may hold spaces and brackets: fields are counted after it
  const fields = readProc(`${pid}/stat`)?.replace(/^.*\) /s, "").split(" ").map(Number);
  if (fields === undefined) return undefined;
  return { own: (fields[11]! + fields[12]!) / HERTZ, ended: (fields[13]! + fields[14]!) / HERTZ };
}

function readProc(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${name}`);
  } catch {
    return undefined;
  }
}
