/** The product's mark: one line that two ends hold. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" className="logo">
      <rect width="32" height="32" rx="8" fill="#1554d1" />
      <path
        d="M7 9h11.5a3.5 3.5 0 0 1 0 7h-5a3.5 3.5 0 0 0 0 7H25"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <circle cx="24.5" cy="9" r="2.4" fill="#7be0c3" />
      <circle cx="7.5" cy="23" r="2.4" fill="#7be0c3" />
    </svg>
  );
}
