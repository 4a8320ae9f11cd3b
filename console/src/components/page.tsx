import { Card, Flex, Typography } from "antd";
import { type ReactNode, useEffect } from "react";
import { Link } from "react-router";
import { LeftOutlined } from "./icons.tsx";

interface PageProps {
  title: string;
  /** A line under the title: what the page is for. */
  hint?: ReactNode;
  /** The list that this page belongs to. */
  back?: { to: string; label: string };
  extra?: ReactNode;
  children: ReactNode;
  /** Without a card around the content, for pages that bring their own. */
  bare?: boolean;
}

/** The frame of a page: heading, what can be done on it, content. Names the browser's tab. */
export function Page({ title, hint, back, extra, children, bare }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Syncline`;
  }, [title]);
  return (
    <section className="page" aria-labelledby="page-title">
      {back && (
        <Link className="page-back" to={back.to}>
          <LeftOutlined /> {back.label}
        </Link>
      )}
      <Flex className="page-head" justify="space-between" align="flex-start" gap={12} wrap>
        <div className="page-words">
          <Typography.Title level={1} id="page-title" className="page-title">{title}</Typography.Title>
          {hint && <div className="muted">{hint}</div>}
        </div>
        {extra && <Flex gap={8} wrap>{extra}</Flex>}
      </Flex>
      {bare ? children : <Card>{children}</Card>}
    </section>
  );
}
