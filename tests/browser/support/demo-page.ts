import { deflateSync } from "node:zlib";
import {
  type Browser,
  type BrowserContext,
  type ConsoleMessage,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { ensureDemoData } from "../../../src/local/demo-data.ts";
import { chromiumPath } from "../../support/chromium.ts";
import type { TestStack } from "../../support/stack.ts";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: ARGS });
}

/** One user's side of the page. */
export interface Side {
  root: Locator;
  composer: Locator;
  messages: Locator;
  state: Locator;
  typing: Locator;
  toggle: Locator;
  attach: Locator;
  send: Locator;
  /** Opens a channel of the list by its title. */
  open(title: string): Promise<void>;
  /** Writes a text and sends it by Enter. */
  say(text: string): Promise<void>;
  /** The row of the newest message whose own text this is; what it quotes does not count. */
  row(text: string): Locator;
  /** Chooses from the menu of a message: reply, thread, edit, pin, unsend. */
  act(text: string, action: string): Promise<void>;
  /** The panel of the open thread. */
  thread: Locator;
}

export interface DemoPage {
  page: Page;
  context: BrowserContext;
  sides: [Side, Side];
  /** What the browser's console reported as wrong. */
  errors: string[];
}

/** Opens the demo page as the users demo-ayu and demo-bima of the stack's workspace, and waits for both to be online. */
export async function openDemo(
  browser: Browser,
  stack: TestStack,
  options: Parameters<Browser["newContext"]>[0] = { viewport: { width: 1280, height: 800 } },
): Promise<DemoPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(complaint(message)));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(stack.baseUrl);
  const sides: [Side, Side] = [sideOf(page, 0), sideOf(page, 1)];
  // Attached, not visible: a phone shows one side at a time.
  for (const { root } of sides)
    await root.locator("[data-testid=state][data-state=online]").waitFor({ state: "attached" });
  return { page, context, sides, errors };
}

/** A message of the console with the address that it is about. */
export function complaint(message: ConsoleMessage): string {
  return `${message.text()} (${message.location().url})`;
}

/** Makes the demo's users and channels in the stack's workspace. */
export async function prepareDemo(stack: TestStack): Promise<void> {
  const { workspaceId, apiKey, apiSecret } = stack;
  await ensureDemoData(stack.baseUrl, { workspaceId, apiKey, apiSecret });
}

export async function waitForText(locator: Locator, text: string): Promise<void> {
  await locator.filter({ hasText: text }).last().waitFor({ timeout: 15_000 });
}

/** A picture of one colour, as a file to attach. */
export function pngFile(name: string, width: number, height: number) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 120)]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [signature, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))];
  return { name, mimeType: "image/png", buffer: Buffer.concat(parts) };
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function sideOf(page: Page, index: number): Side {
  const root = page.getByTestId(`pane-${index}`);
  const conversation = root.locator(".conversation");
  const composer = root.getByTestId("composer");
  const row = (text: string) =>
    conversation.locator(".row", { has: page.locator(".text").filter({ hasText: text }) }).last();
  return {
    root,
    composer,
    row,
    thread: root.getByTestId("thread"),
    act: async (text, action) => {
      await row(text).locator(".bubble").hover();
      await row(text).getByTestId("tool-more").click();
      await root.getByTestId(`menu-${action}`).click();
    },
    messages: conversation.getByTestId("message"),
    state: root.getByTestId("state"),
    typing: root.getByTestId("typing"),
    toggle: root.getByTestId("offline-toggle"),
    attach: root.getByTestId("composer-attach"),
    send: root.getByTestId("composer-send"),
    open: (title) => root.getByTestId("channel-item").filter({ hasText: title }).click(),
    say: async (text) => {
      await composer.fill(text);
      await composer.press("Enter");
    },
  };
}
