import { subscriberOf } from "./address_class.ts";
import type { Clock } from "./clock.ts";

/**
 * Failures that cost no wait, and the longest wait, ms. An account guessed at from one address waits long; guessed at
 * from everywhere, it waits a little, so that its owner still gets in. Behind one address may be a whole office.
 */
const LIMITS = {
  accountFromAddress: { free: 5, longest: 60_000 },
  account: { free: 50, longest: 5_000 },
  address: { free: 50, longest: 60_000 },
} as const;
/** After so long without a failure all is forgotten, ms. */
const FORGET_MS = 15 * 60_000;
/** Accounts and addresses remembered at most; the oldest go first. */
const REMEMBERED = 10_000;

type Failures = { count: number; last: number };
type Key = { name: string; free: number; longest: number };

/**
 * Slows down guessing: after some failures every further one doubles the wait, from 1 s on. In the memory of one
 * process; no account is ever locked for good.
 */
export interface LoginThrottle {
  /**
   * @param address empty: the account itself asks, who is logged in
   * @returns ms to wait before this account may be tried from this address; 0: at once.
   */
  waitMs(login: string, address: string): number;
  /** An attempt began. It counts as failed until `succeeded`, so that many at once cannot slip through together. */
  tried(login: string, address: string): void;
  /** The attempt could not be judged: it is taken back. */
  untried(login: string, address: string): void;
  /** Forgets what this account failed here, and takes this attempt back from the others. */
  succeeded(login: string, address: string): void;
}

export function createLoginThrottle(clock: Clock): LoginThrottle {
  const known = new Map<string, Failures>();

  function waitOf({ name, free, longest }: Key): number {
    const failures = known.get(name);
    if (failures === undefined || failures.count < free) return 0;
    const wait = Math.min(1000 * 2 ** Math.min(failures.count - free, 10), longest);
    const passed = clock.now() - failures.last;
    return passed < 0 ? 0 : Math.max(0, wait - passed); // before: the clock was set back, by however much
  }

  function add({ name }: Key): void {
    const before = known.get(name);
    const forgotten = before === undefined || clock.now() - before.last > FORGET_MS;
    known.delete(name); // to the end: the map's order is that of the last failures
    known.set(name, { count: forgotten ? 1 : before.count + 1, last: clock.now() });
    if (known.size <= REMEMBERED) return;
    for (const oldest of known.keys()) {
      known.delete(oldest);
      break;
    }
  }

  function takeBack({ name }: Key): void {
    const failures = known.get(name);
    if (failures !== undefined) failures.count--;
  }

  return {
    waitMs: (login, address) => Math.max(...keysOf(login, address).map(waitOf)),
    tried: (login, address) => keysOf(login, address).forEach(add),
    untried: (login, address) => keysOf(login, address).forEach(takeBack),
    succeeded(login, address) {
      const [here, ...others] = keysOf(login, address);
      if (here !== undefined) known.delete(here.name);
      others.forEach(takeBack);
    },
  };
}

function keysOf(login: string, address: string): Key[] {
  const account = login.toLowerCase(), origin = subscriberOf(address);
  const keys = [
    { name: `account ${account} from ${origin}`, ...LIMITS.accountFromAddress },
    { name: `account ${account}`, ...LIMITS.account },
  ];
  return address === "" ? keys : [...keys, { name: `address ${origin}`, ...LIMITS.address }];
}
