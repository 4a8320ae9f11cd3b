import { createBrowserRouter, type RouteObject } from "react-router";
import { RouterProvider } from "react-router/dom";
import { LoadingState } from "../components/feedback.tsx";
import { CrashPage, HomePage, LostPage } from "./edges.tsx";
import { InstanceScope } from "./instance_scope.tsx";
import { SessionGate } from "./session_gate.tsx";
import { Shell } from "./shell.tsx";

/** Pages are loaded when first opened; each module exports its page as `Component`. */
const INSTANCE_PAGES: RouteObject[] = [
  { path: "overview", lazy: () => import("../pages/overview/overview_page.tsx") },
  { path: "configs", lazy: () => import("../pages/configs/config_list_page.tsx") },
  { path: "configs/new", lazy: () => import("../pages/configs/config_new_page.tsx") },
  { path: "configs/:bizType", lazy: () => import("../pages/configs/config_detail_page.tsx") },
  { path: "configs/:bizType/edit", lazy: () => import("../pages/configs/config_edit_page.tsx") },
  { path: "send", lazy: () => import("../pages/send/send_page.tsx") },
  { path: "status", lazy: () => import("../pages/status/status_page.tsx") },
  { path: "deadletters", lazy: () => import("../pages/dead_letters/dead_letters_page.tsx") },
  { path: "records", lazy: () => import("../pages/records/records_page.tsx") },
  { path: "service", lazy: () => import("../pages/service/service_page.tsx") },
];

const ROUTES: RouteObject[] = [{
  errorElement: <CrashPage />,
  hydrateFallbackElement: <LoadingState />,
  children: [
    { path: "/login", lazy: () => import("../pages/login/login_page.tsx") },
    {
      element: <SessionGate />,
      children: [
        { path: "/password", lazy: () => import("../pages/login/password_page.tsx") },
        {
          element: <Shell />,
          children: [{
            errorElement: <CrashPage />,
            children: [
              { index: true, element: <HomePage /> },
              { path: "/instances", lazy: () => import("../pages/instances/instances_page.tsx") },
              { path: "/operators", lazy: () => import("../pages/operators/operators_page.tsx") },
              { path: "/i/:instanceId", element: <InstanceScope />, children: INSTANCE_PAGES },
              { path: "*", element: <LostPage /> },
            ],
          }],
        },
      ],
    },
  ],
}];

const router = createBrowserRouter(ROUTES, { basename: "/console" });

export function Router() {
  return <RouterProvider router={router} />;
}
