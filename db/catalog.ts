/**
 * The catalog: instances, their secrets and sync configs. Small, changed by operators, cached by every server process
 * (`src/configs.ts`). Field names are those of CFG-1 and INS-2; `no` is the key that the log's tables use.
 */

/** An instance: one app in one workspace (INS-2). */
export type Instance = {
  no: number;
  /** `workspaceId_appId` (INS-1). */
  instanceId: string;
  workspaceId: string;
  appId: string;
  name: string;
  /** Whether every signature check of this instance is on (SIG-1). */
  signature: boolean;
  sessionValidateUrl: string | null;
  /** Random, made with the instance; tells a client whether its points belong to this database. */
  epoch: string;
  /** ms since 1970. */
  createdAt: number;
  /** The active secrets, plain, up to two of each kind. Never logged, never listed by the API. */
  secrets: { id: string; kind: "server" | "app"; secret: string; createdAt: number }[];
};

/** A sync config (CFG-1). */
export type Config = {
  no: number;
  /** `Instance.no`. */
  instance: number;
  bizType: string;
  description: string;
  scope: "single" | "global";
  target: "user" | "device";
  multiDevice: boolean;
  persistent: boolean;
  retentionDays: number;
  /** Newest ops kept for those who have not got them; null keeps all (THR-1). */
  threshold: number | null;
  consistency: boolean;
  status: "online" | "offline";
  /** Ids of its streams are above this: 0, or where a deleted config or a jump left off (STR-1, CFG-5). */
  floor: number;
  createdAt: number;
  updatedAt: number;
};

/** What every part of the server reads: the cached catalog, never older than a second (CFG-4). */
export interface Catalog {
  instance(instanceId: string): Instance | undefined;
  instanceByNo(no: number): Instance | undefined;
  config(instanceNo: number, bizType: string): Config | undefined;
  configByNo(no: number): Config | undefined;
  configsOf(instanceNo: number): readonly Config[];
  instances(): readonly Instance[];
  /** Calls back after every reload that changed something; returns the unsubscribe function. */
  onChange(listener: (change: CatalogChange) => void): () => void;
}

/** What a reload changed. A deleted config appears with `after` undefined. */
export type CatalogChange = {
  configs: { before: Config | undefined; after: Config | undefined }[];
  instances: { before: Instance | undefined; after: Instance | undefined }[];
};
