import type { Inputs } from "./inputs.ts";
import counted from "./units.json" with { type: "json" };

export type Units = typeof counted;

/** What a month comes to in the units that are billed, by part. */
export interface Usage {
  workers: { requests: number; cpu_ms: number };
  durable_objects: {
    requests: number;
    duration_gb_s: number;
    rows_read: number;
    rows_written: number;
    storage_gb_month: number;
  };
  r2: { storage_gb_month: number; class_a: number; class_b: number };
  neon: { cu_hours: number; storage_gb_month: number; transfer_gb: number };
  upstash: { commands: number };
}

/** What the prices file says about how things are counted. */
export interface Rules {
  memory_gb: number;
  websocket_messages_per_request: number;
  smallest_cu: number;
  suspends_after_seconds: number;
}

const DAYS = 30;
const GB = 1e9;
/** Characters of the messages with which the bytes of a message were measured. */
const MEASURED_CHARS = { journal: 120, postgres: 98 };
/** Bytes of one cursor or reaction in the journal, against those of a message. */
const SMALL_EVENT = 0.4;

/**
 * Units of a month of 30 days. Messages come at random moments of the active hours, independently of each other (Poisson).
 *
 * @param hibernates false reckons with objects that stay in memory while anyone is connected, as one stray timer or one
 *   outgoing socket would make them
 */
export function monthlyUsage(inputs: Inputs, rules: Rules, hibernates = true, units: Units = counted): Usage {
  const perMonth = (perDay: number) => perDay * inputs.users * DAYS;
  const workspaces = Math.ceil(inputs.users / inputs["users-per-workspace"]);
  const activeSeconds = inputs["hours-per-day"] * 3_600 * DAYS;
  const messages = perMonth(inputs["messages-per-day"]);
  const overRest = messages * inputs["rest-share"];
  const overSocket = messages - overRest;
  const receipts = perMonth(inputs["receipts-per-day"]);
  const reactions = perMonth(inputs["reactions-per-day"]);
  const signals = perMonth(inputs["signals-per-day"]);
  const pages = perMonth(inputs["pages-per-day"]);
  const others = perMonth(inputs["requests-per-day"]);
  const connects = perMonth(inputs["connects-per-day"]);
  const files = perMonth(inputs["files-per-day"]);
  const events = messages + receipts + reactions;

  const perWorkspace = events / workspaces / activeSeconds;
  const awakeSeconds = (units.awake_ms.message + units.archive_round_trip_ms) / 1000;
  const batches = workspaces * activeSeconds * cycleRate(perWorkspace, awakeSeconds);
  const alarmCycles = workspaces * activeSeconds * cycleRate(perWorkspace, units.alarm_cycle_seconds);
  const connectedSeconds = Math.min(24, Math.max(inputs["connected-hours"], inputs["hours-per-day"])) * 3_600 * DAYS;
  const silenceChecks = (workspaces * connectedSeconds) / units.silence_check_seconds;

  // An event keeps its object awake until its batch is in Postgres; events meanwhile share that time.
  const forEvents = workspaces * activeSeconds * busyShare(perWorkspace, awakeSeconds);
  const forTheRest = ((signals + pages + others + connects + silenceChecks) * units.handler_ms) / 1000;
  const awake = hibernates
    ? Math.min(forEvents + forTheRest, workspaces * connectedSeconds)
    : workspaces * connectedSeconds;

  const requests = overRest + pages + others + connects + files;
  const kept = inputs["months-kept"];
  const chars = inputs["message-chars"];
  const journalBytes = units.journal_bytes_per_message + chars - MEASURED_CHARS.journal;
  const journalled = messages + (receipts + reactions) * SMALL_EVENT;
  const retained = Math.min(1, units.journal_retention_hours / (24 * DAYS));
  const postgresBytes = units.postgres_bytes_per_message + 2 * (chars - MEASURED_CHARS.postgres);
  const fileGb = (files * inputs["file-kb"] * 1000) / GB;

  return {
    workers: {
      requests,
      cpu_ms:
        (overRest + others + files) * units.cpu_ms.request +
        pages * units.cpu_ms.history +
        connects * units.cpu_ms.upgrade,
    },
    durable_objects: {
      requests:
        (overSocket + receipts + reactions + signals) / rules.websocket_messages_per_request +
        overRest +
        // Reads ask the hub for the page, and once more where it does not hold it.
        pages * (1 + units.history_page.copies) +
        others +
        connects +
        alarmCycles +
        silenceChecks,
      duration_gb_s: awake * rules.memory_gb,
      rows_read:
        messages * units.rows_read.message +
        receipts * units.rows_read.receipt +
        reactions * units.rows_read.reaction +
        // Copies of older messages, and newer ones out of the journal.
        pages * units.history_page.rows_read +
        alarmCycles * units.rows_read.alarm_cycle,
      rows_written:
        // What was written is deleted once it is old, and a deletion is billed as a row written.
        messages * (units.rows_written.message + units.rows_deleted.message) +
        receipts * (units.rows_written.receipt + units.rows_deleted.receipt) +
        reactions * (units.rows_written.reaction + units.rows_deleted.reaction) +
        // The removal of a copy is a row too.
        pages * units.history_page.copies * 2 * units.rows_written.history_copy +
        alarmCycles * units.rows_written.alarm_cycle +
        silenceChecks,
      storage_gb_month: (journalled * journalBytes * retained) / GB,
    },
    r2: {
      storage_gb_month: fileGb * kept,
      class_a: files,
      class_b: files * inputs["views-per-file"],
    },
    neon: {
      cu_hours: neonHours(batches, pages + others, units, rules, activeSeconds),
      storage_gb_month: (messages * kept * postgresBytes) / GB,
      transfer_gb: (pages * units.history_page_bytes) / GB,
    },
    upstash: {
      commands: (requests + messages / units.redis.messages_per_lease) * units.redis.commands_per_limit,
    },
  };
}

/** Share of the time in which at least one of the events is under way (infinite-server queue). */
function busyShare(perSecond: number, seconds: number): number {
  return 1 - Math.exp(-perSecond * seconds);
}

/** Cycles a second where each begins with the first event after the one before has ended. */
function cycleRate(perSecond: number, seconds: number): number {
  return perSecond === 0 ? 0 : 1 / (seconds + 1 / perSecond);
}

/** Compute of a database that sleeps after a while without statements, and grows with what its statements need. */
function neonHours(batches: number, reads: number, units: Units, rules: Rules, activeSeconds: number): number {
  const statements = (batches + reads) / activeSeconds;
  const cpu =
    (batches * units.postgres_cpu_ms.archive_batch + reads * units.postgres_cpu_ms.read) / 1000 / activeSeconds;
  const size = Math.max(rules.smallest_cu, cpu);
  const awake = busyShare(statements, rules.suspends_after_seconds) * activeSeconds;
  // After the last statement of each day it stays up for the time until it suspends.
  const tail = statements === 0 ? 0 : rules.suspends_after_seconds * DAYS;
  return (size * Math.min(awake + tail, 24 * 3_600 * DAYS)) / 3_600;
}
