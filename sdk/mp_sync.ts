import { MPFramework } from "./mp_framework.ts";
import { MpFace } from "./mp_face.ts";
import type {
  ConnectionListener,
  ConnectionType,
  ISyncCallback,
  Selector,
  SyncMessage,
  SyncNotification,
  SyncUserInfo,
} from "./mp_types.ts";
import type { Platform } from "./platform/platform.ts";
import type { MPSyncOptions } from "./types.ts";

/** The session id that iOS binds with when it is given none. */
const DEMO_SESSION = "SESSION_DEMO";

/**
 * The original's static class, with the names of its Android and HarmonyOS clients and, below, those of its iOS client.
 *
 * The face comes from the entry point, because platforms differ in their store and socket.
 */
export interface MPSyncStatic {
  /** Once per start of the app, before {@link initialize}. */
  setup(options: MPSyncOptions): void;
  /**
   * Connects. Once per start of the app; further calls do nothing.
   * @throws TypeError if neither `setup` nor the context says where the server is
   */
  initialize(context?: unknown): void;
  appToForeground(): void;
  appToBackground(): void;
  /**
   * After every login, automatic ones too, and at every change of user or session.
   * @returns false if `MPFramework.instance.userId` is not set or `sessionId` is empty
   */
  updateUserInfo(sessionId: string): boolean;
  /** At logout. */
  clearUserInfo(): void;
  /** Once per config. Messages that came before are handed over now. */
  registerBiz(bizType: string, callback: ISyncCallback): void;
  unregisterBiz(bizType: string): void;
  /** To be called for every message: without it, it is sent up to six times more and then given up. */
  reportMsgReceived(message: SyncMessage): void;
  isConnected(): Promise<boolean>;
  addConnectionListener(listener: ConnectionListener): void;
  /** The name as the original's HarmonyOS manual prints it. */
  addConectionListener(listener: ConnectionListener): void;
  removeConnectionListener(listener: ConnectionListener): void;
  connectStatus(): ConnectionType;
  /** Empty until `initialize` has read the store. */
  getSyncDeviceId(): string;
  /** iOS's name for {@link initialize}. */
  initSync(): void;
  /** @returns false if the biz has no valid name or the observer no such method */
  registerSyncBizWithName(bizName: string, syncObserver: object, selector: Selector): boolean;
  /** @returns whether the observer was registered */
  unRegisterSyncBizWithName(bizName: string, syncObserver: object): boolean;
  /** Drops one observer everywhere. */
  removeSyncNotificationObserver(syncObserver: object): void;
  /** @param userInfo the notification's `userInfo`, or the notification */
  responseMessageNotify(userInfo: SyncUserInfo | SyncNotification): void;
  /** @param sessionId nothing: `SESSION_DEMO`. A former user is unbound first */
  bindUserWithSessionId(sessionId?: string | null): void;
  unBindUser(): void;
  /** Ours: ends the client, for tests and tools. Resolves when everything reported is stored. */
  shutdown(): Promise<void>;
}

/** Makes the static class for a platform. */
export function createMPSync(platform: Platform): MPSyncStatic {
  const face = new MpFace(platform);
  let boundUser = "";
  const updateUserInfo = (sessionId: string) => {
    boundUser = MPFramework.instance.userId;
    return face.login(boundUser, sessionId);
  };
  const clearUserInfo = () => {
    boundUser = "";
    face.post({ type: "logout" });
  };
  const initialize = (context?: unknown) => face.initialize(MPFramework.instance, context);
  return {
    setup: (options) => face.setup(options),
    initialize,
    appToForeground: () => face.post({ type: "foreground", asked: true }),
    appToBackground: () => face.post({ type: "background" }),
    updateUserInfo,
    clearUserInfo,
    registerBiz: (biz, callback) => face.registerBiz(biz, callback),
    unregisterBiz: (biz) => face.unregisterBiz(biz),
    reportMsgReceived: (message) => face.report(message, message),
    isConnected: () => Promise.resolve(face.connected),
    addConnectionListener: (listener) => face.addListener(listener),
    addConectionListener: (listener) => face.addListener(listener),
    removeConnectionListener: (listener) => face.removeListener(listener),
    connectStatus: () => face.connectionType,
    getSyncDeviceId: () => face.deviceId,
    initSync: () => initialize(),
    registerSyncBizWithName: (biz, observer, selector) => face.observe(biz, observer, selector),
    unRegisterSyncBizWithName: (biz, observer) => face.unobserve(biz, observer),
    removeSyncNotificationObserver: (observer) => void face.unobserve(null, observer),
    responseMessageNotify(about) {
      const info = "userInfo" in about ? about.userInfo : about;
      face.report(info, { biz: info.bizType, userId: info.userId, msgData: info.op });
    },
    bindUserWithSessionId(sessionId) {
      if (boundUser !== "" && boundUser !== MPFramework.instance.userId) clearUserInfo();
      updateUserInfo(sessionId || DEMO_SESSION);
    },
    unBindUser: clearUserInfo,
    shutdown: () => face.shutdown(),
  };
}
