import type { ReactNode } from "react";

/** Numbers side by side. */
export function Figures({ children }: { children: ReactNode }) {
  return <dl className="figures">{children}</dl>;
}

interface FigureProps {
  label: string;
  value: ReactNode;
  hint?: ReactNode;
}

/** One number with what it counts. */
export function Figure({ label, value, hint }: FigureProps) {
  return (
    <div className="figure">
      <dt>{label}</dt>
      <dd>{value}</dd>
      {hint && <dd className="figure-hint">{hint}</dd>}
    </div>
  );
}
