/** Unix milliseconds at which the hub must wake by itself, for each reason that it may have. */
export interface AlarmReasons {
  /** A connection falls silent or its token expires. */
  connections: number | undefined;
  /** The archive owes something to Postgres. */
  archive: number | undefined;
  /** Webhooks, push and the like have something due. */
  effects: number | undefined;
  /** Old events may be trimmed. */
  trim: number | undefined;
}

/** The earliest reason, never in the past; undefined where the hub may sleep for good. */
export function nextAlarm(reasons: AlarmReasons, now: number): number | undefined {
  const times = [reasons.connections, reasons.archive, reasons.effects, reasons.trim].filter(
    (time) => time !== undefined,
  );
  return times.length === 0 ? undefined : Math.max(now, Math.min(...times));
}
