import { isId } from "./options.ts";
import type { MetaConfig } from "./types.ts";

/** As much of a HarmonyOS context as is used: the packed `meta.config`. */
type WithResources = { resourceManager?: { getRawFileContentSync?(path: string): Iterable<number> } };

/** The framework object of the original: the context of the app, and who is logged in. */
export class MPFramework {
  static #instance: MPFramework | null = null;
  /** What `create` was given; so typed that it fits a variable of the app's own context type. */
  readonly context: never;
  #userId = "";

  private constructor(context: unknown) {
    this.context = context as never;
  }

  /**
   * @param context the app's context; on HarmonyOS its raw file `meta.config` says where the server is. Elsewhere an
   * object with that file as `metaConfig`, or nothing if `MPSync.setup` is given the options
   */
  static create(context?: unknown): MPFramework {
    const former = MPFramework.#instance;
    MPFramework.#instance = new MPFramework(context);
    if (former) MPFramework.#instance.#userId = former.#userId;
    return MPFramework.#instance;
  }

  static get instance(): MPFramework {
    return MPFramework.#instance ??= new MPFramework(undefined);
  }

  /** Takes effect with the next `MPSync.updateUserInfo`. */
  get userId(): string {
    return this.#userId;
  }

  set userId(value: string | null | undefined) {
    this.#userId = isId(value) ? value : "";
  }
}

/** The `meta.config` that came with a context, if one did. */
export function metaConfigOf(context: unknown): MetaConfig | undefined {
  const { metaConfig, resourceManager } = (context ?? {}) as { metaConfig?: MetaConfig } & WithResources;
  try {
    const packed = () => resourceManager!.getRawFileContentSync!("meta.config");
    // It is ASCII, and HarmonyOS has no TextDecoder for all.
    return metaConfig ?? JSON.parse(String.fromCharCode(...packed())) as MetaConfig;
  } catch {
    return undefined;
  }
}
