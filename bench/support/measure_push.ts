import { cpuSeconds, treeCpuSeconds } from "./cpu.ts";
import { generate, type Load, type LoadResult } from "./load.ts";
import type { Product } from "./product.ts";

/** `micros`: CPU time for one push, of load generator, server and all processes of Postgres, to be printed. */
export type PushResult = LoadResult & { micros: string };

/** Pushes for the wanted time, with a load generator of its own. */
export async function measurePush(product: Product, load: Omit<Load, "port">): Promise<PushResult> {
  const server = cpuSeconds(product.pid), postgres = treeCpuSeconds(product.postgresPid);
  const result = await generate({ port: product.port, ...load });
  const micros = (cpu: number) => `${(cpu / result.count * 1e6).toFixed(1)} µs`;
  return {
    ...result,
    micros: `load generator ${micros(result.generatorCpu)}, server ${micros(cpuSeconds(product.pid) - server)}, ` +
      `Postgres ${micros(treeCpuSeconds(product.postgresPid) - postgres)}`,
  };
}
