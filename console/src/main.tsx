import { createRoot } from "react-dom/client";
import "./app/base.css";
import { Providers } from "./app/providers.tsx";
import { Router } from "./app/router.tsx";
import "./app/shell.css";
import { nonceForStyles } from "./app/style_nonce.ts";
import "./components/parts.css";
import { initialLanguage, loadLanguage } from "./i18n/provider.tsx";

nonceForStyles();
const root = document.getElementById("root");
if (root === null) throw new Error("Cannot start: the page has no #root");
const language = await loadLanguage(initialLanguage());
createRoot(root).render(
  <Providers language={language}>
    <Router />
  </Providers>,
);
