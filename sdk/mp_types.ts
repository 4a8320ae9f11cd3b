/** The types of the original's API, under its names. */

/** What a callback is handed. Reporting it acknowledges every op in it. */
export interface SyncMessage {
  /** The user it is for; empty for a device's while nobody is logged in. */
  userId: string;
  /** The bizType. */
  biz: string;
  /**
   * A JSON array as text. Each item has `id`, `mid` (the pusher's thirdMsgId), `pl` (the payload as text), for a binary
   * payload `isB: true` with `pl` in base64, and `late: true` where it comes out of order.
   */
  msgData: string;
}

export interface SyncCommand {
  userId: string;
  biz: string;
  /** `offline`: an operator has stopped this config; `online`: it goes on. */
  command: "online" | "offline";
}

export interface ISyncCallback {
  onReceiveMessage(message: SyncMessage): void;
  onReceiveCommand?(command: SyncCommand): void;
}

export enum ConnectionType {
  Unknown = 0,
  Connecting = 1,
  Connected = 2,
  Disconnected = 3,
  ConnectFailed = 4,
}

export class ConnectionEvent {
  readonly #type: ConnectionType;
  readonly #extras: string;

  constructor(type: ConnectionType, extras: string) {
    this.#type = type;
    this.#extras = extras;
  }

  getEventType(): ConnectionType {
    return this.#type;
  }

  /** The reason, or empty. */
  getExtras(): string {
    return this.#extras;
  }
}

export interface ConnectionListener {
  onConnectionStateChanged(event: ConnectionEvent): void;
}

/** What an observer's selector is called with, after iOS's notification: the content is under `op`. */
export interface SyncNotification {
  name: string;
  userInfo: SyncUserInfo;
}

export interface SyncUserInfo {
  bizType: string;
  userId: string;
  /** The array of {@link SyncMessage.msgData}, as text. */
  op: string;
}

/** The method of the observer, by its name (a colon at its end is dropped), or a function. */
export type Selector = string | ((notification: SyncNotification) => void);
