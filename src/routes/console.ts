/** Serves the built console under /console: hashed assets for ever, index.html for every client route. */
import { Hono } from "hono";
import { type ConsoleState, NONCE_PLACEHOLDER } from "../../console/build.ts";

/** What {@link consoleRoutes} needs. */
export interface ConsoleOptions {
  /** The folder of built files. It may appear later, while the server is running. */
  dist: URL | string;
  /** How far a build is that may still be under way. @default () => "ready" */
  state?: () => ConsoleState;
}

interface BuiltFile {
  type: string;
  body: Uint8Array<ArrayBuffer>;
  br?: Uint8Array<ArrayBuffer>;
  gzip?: Uint8Array<ArrayBuffer>;
}

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  json: "application/json",
};

/** Nothing from elsewhere, no inline script, no eval; styles are ours or carry this answer's nonce. */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

const COMMON_HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
};

/** The routes under `/console`. They read the built files once, into memory, when first asked. */
export function consoleRoutes(options: ConsoleOptions): Hono {
  const dist = options.dist instanceof URL ? decodeURIComponent(options.dist.pathname) : options.dist;
  const state = options.state ?? (() => "ready" as const);
  let loading: Promise<Map<string, BuiltFile> | null> | null = null;
  const files = async () => {
    loading ??= load(dist.replace(/\/$/, ""));
    const found = await loading;
    if (found === null) loading = null;
    return found;
  };

  const app = new Hono();
  app.get("/console", (c) => c.redirect("/console/", 308));
  app.get("/console/*", async (c) => {
    const path = c.req.path.slice("/console/".length);
    const built = state() === "building" ? null : await files();
    if (built === null) return waiting(state());
    const file = built.get(path);
    if (file !== undefined && path !== "index.html") return asset(path, file, c.req.header("accept-encoding"));
    if (path.startsWith("assets/")) return c.text("Not found", 404, COMMON_HEADERS);
    return page(built.get("index.html"));
  });
  return app;
}

async function load(dist: string): Promise<Map<string, BuiltFile> | null> {
  const paths = await list(dist, "");
  if (!paths.includes("index.html")) return null;
  const files = new Map<string, BuiltFile>();
  for (const path of paths.filter((p) => !/\.(?:br|gz)$/.test(p))) {
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    const file: BuiltFile = { type, body: await Deno.readFile(`${dist}/${path}`) };
    if (paths.includes(`${path}.br`)) file.br = await Deno.readFile(`${dist}/${path}.br`);
    if (paths.includes(`${path}.gz`)) file.gzip = await Deno.readFile(`${dist}/${path}.gz`);
    files.set(path, file);
  }
  return files;
}

async function list(root: string, folder: string): Promise<string[]> {
  const paths: string[] = [];
  try {
    for await (const entry of Deno.readDir(`${root}/${folder}`)) {
      const path = `${folder}${entry.name}`;
      if (entry.isDirectory) paths.push(...await list(root, `${path}/`));
      else paths.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return paths;
}

function asset(path: string, file: BuiltFile, accepted: string | undefined): Response {
  const encoding = file.br && accepts(accepted, "br") ? "br" : file.gzip && accepts(accepted, "gzip") ? "gzip" : null;
  const body = (encoding && file[encoding]) ?? file.body;
  const headers = new Headers({
    ...COMMON_HEADERS,
    "Content-Type": file.type,
    "Content-Length": String(body.length),
    "Cache-Control": path.startsWith("assets/") ? "public, max-age=31536000, immutable" : "public, max-age=3600",
    "Vary": "Accept-Encoding",
  });
  if (encoding) headers.set("Content-Encoding", encoding);
  return new Response(body, { headers });
}

/** Whether an Accept-Encoding header takes `coding`; `;q=0` refuses it. */
function accepts(header: string | undefined, coding: string): boolean {
  return (header ?? "").split(",").some((part) => {
    const [name, ...parameters] = part.trim().toLowerCase().split(/\s*;\s*/);
    return name === coding && !parameters.some((p) => /^q=0(?:\.0*)?$/.test(p));
  });
}

function page(index: BuiltFile | undefined): Response {
  const nonce = newNonce();
  const html = new TextDecoder().decode(index?.body).replaceAll(NONCE_PLACEHOLDER, nonce);
  return new Response(html, { headers: pageHeaders(nonce) });
}

function pageHeaders(nonce: string): Record<string, string> {
  return {
    ...COMMON_HEADERS,
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": policy(nonce),
  };
}

function newNonce(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))));
}

/** Stands in while the console is being built, and looks again by itself; also tells that a build failed. */
function waiting(state: ConsoleState): Response {
  const nonce = newNonce();
  const failed = state === "failed";
  const [en, zh] = failed
    ? [
      "The console could not be built. The server's log says why; <code>deno task build:console</code> tries again.",
      "控制台构建失败，原因见服务器日志；可运行 <code>deno task build:console</code> 重试。",
    ]
    : ["The console is being built. This page opens it in a moment.", "控制台正在构建，稍后自动打开。"];
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Syncline</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
${failed ? "" : '<meta http-equiv="refresh" content="2">'}<style nonce="${nonce}">
body{font:16px/1.6 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem}</style></head>
<body><main><h1>Syncline</h1><p>${en}</p><p lang="zh">${zh}</p></main></body></html>`;
  return new Response(html, { status: 503, headers: { ...pageHeaders(nonce), "Retry-After": "2" } });
}
