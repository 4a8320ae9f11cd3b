/** A fleet as a process of its own: a command a line on standard input, an answer a line on standard output. */
import { Fleet, type FleetOptions } from "./fleet.ts";
import { Churn, type ChurnRates } from "./churn.ts";

export type FleetCommand =
  | { type: "start"; options: FleetOptions }
  | { type: "mark" }
  | { type: "stats"; global: number; whole: boolean }
  | { type: "arrivals"; from: number }
  | { type: "churn"; rates: ChurnRates }
  | { type: "calm" };

async function handle(fleet: Fleet, churn: Churn, command: FleetCommand): Promise<unknown> {
  switch (command.type) {
    case "start":
      return await fleet.start(command.options).then(() => null);
    case "mark":
      return fleet.mark(), null;
    case "stats":
      return fleet.stats(command.global, command.whole);
    case "arrivals":
      return fleet.arrivals().slice(command.from);
    case "churn":
      return churn.start(command.rates), null;
    case "calm":
      return churn.stop();
  }
}

if (import.meta.main) {
  const fleet = new Fleet();
  const churn = new Churn(fleet);
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const answer = await handle(fleet, churn, JSON.parse(line));
      console.log(JSON.stringify(answer));
    }
  }
  churn.stop();
  await fleet.stop();
}
