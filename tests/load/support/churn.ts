import type { Fleet } from "./fleet.ts";
import type { Phone } from "./phone.ts";

/** How often a second somewhere in the fleet … */
export type ChurnRates = {
  /** a connection is lost, */
  drops: number;
  /** a user logs out and another one in, */
  binds: number;
  /** an app goes to the background, or comes back. */
  flips: number;
};

const STEP_MS = 100;

/** What phones do beside being there: chosen at random, at even rates. */
export class Churn {
  readonly #fleet: Fleet;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  start(rates: ChurnRates): void {
    this.stop();
    this.#timer = setInterval(() => {
      this.#some(rates.drops, (phone) => phone.drop());
      this.#some(rates.binds, (phone) => phone.online && phone.bind(`u-${Math.floor(Math.random() * 1_000_000)}`));
      this.#some(rates.flips, (phone) => phone.setForeground(!phone.foreground));
    }, STEP_MS);
  }

  stop(): null {
    clearInterval(this.#timer);
    return null;
  }

  #some(perSecond: number, act: (phone: Phone) => unknown): void {
    const wanted = perSecond * STEP_MS / 1_000;
    const count = Math.floor(wanted) + (Math.random() < wanted % 1 ? 1 : 0);
    const { phones } = this.#fleet;
    for (let n = 0; n < count && phones.length > 0; n++) act(phones[Math.floor(Math.random() * phones.length)]!);
  }
}
