import { Button } from "antd";
import type { ReactNode } from "react";
import { useHref, useNavigate } from "react-router";

interface LinkButtonProps {
  to: string;
  children: ReactNode;
  icon?: ReactNode;
  primary?: boolean;
  size?: "small";
  /** What a screen reader says, where the text alone is not enough. */
  label?: string;
}

/** A link that looks like a button: opens in a new tab as links do. */
export function LinkButton({ to, children, icon, primary, size, label }: LinkButtonProps) {
  const href = useHref(to);
  const navigate = useNavigate();
  return (
    <Button
      href={href}
      type={primary ? "primary" : "default"}
      icon={icon}
      {...(size && { size })}
      {...(label && { "aria-label": label })}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        void navigate(to);
      }}
    >
      {children}
    </Button>
  );
}
