import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createClient } from "../../src/sdk/index.ts";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { type DemoPage, launchBrowser, openDemo, prepareDemo, type Side, waitForText } from "./support/demo-page.ts";

let stack: TestStack;
let browser: Browser;
let demo: DemoPage;
let ayu: Side;
let bima: Side;

beforeAll(async () => {
  stack = await startTestStack({ web: true, demo: true, env: { CARIOS_RATE_LIMIT_MESSAGES_PER_MINUTE: "1000" } });
  await prepareDemo(stack);
  browser = await launchBrowser();
});
beforeEach(async () => {
  demo = await openDemo(browser, stack);
  [ayu, bima] = demo.sides;
  for (const side of demo.sides) await side.open("Lobby");
});
afterEach(async () => {
  await demo.context.close();
  expect(demo.errors).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** Ayu writes; resolves when both sides show it as stored. */
async function written(text: string, by = ayu): Promise<void> {
  await by.say(text);
  await ayu.row(text).locator("[data-message-id]").waitFor();
  await bima.row(text).locator("[data-message-id]").waitFor();
}

const emoji = (side: Side, symbol: string) => side.root.locator(`.popover [data-emoji='${symbol}']`);
const chips = (side: Side, text: string) => side.row(text).getByTestId("reaction");

describe("what one side does to a message, the other sees", () => {
  it("[WEB-20] an edit, with its mark, in the place of the old text", async () => {
    await written("see you at tne");
    await ayu.act("see you at tne", "edit");
    const field = ayu.root.getByTestId("edit");
    expect(await field.inputValue()).toBe("see you at tne");
    await field.fill("see you at ten");
    await field.press("Enter");
    await bima.row("see you at ten").getByTestId("edited").waitFor();
    await ayu.row("see you at ten").getByTestId("edited").waitFor();
    expect(await bima.row("see you at tne").count()).toBe(0);
    // An empty composer's ArrowUp edits the newest own message; Escape leaves it as it is.
    await ayu.composer.press("ArrowUp");
    await field.fill("no, later");
    await field.press("Escape");
    await ayu.row("see you at ten").waitFor();
    // Nobody is offered to edit what somebody else wrote.
    await bima.row("see you at ten").locator(".bubble").hover();
    await bima.root.getByTestId("tool-more").click();
    await bima.root.getByTestId("menu-reply").waitFor();
    expect(await bima.root.getByTestId("menu-edit").count()).toBe(0);
  });

  it("[WEB-21] an unsend, after a question, as a tombstone", async () => {
    await written("my password is 4711");
    await ayu.act("4711", "unsend");
    await ayu.root.getByTestId("confirm").click();
    for (const side of demo.sides) {
      await side.row("4711").waitFor({ state: "detached" });
      await waitForText(side.messages, "This message was removed.");
    }
    // What was announced to screen readers goes too.
    await expect.poll(() => demo.page.content(), { timeout: 10_000 }).not.toContain("4711");
  });

  it("[WEB-22] a reaction: one each, replaced by another, counted, one's own marked", async () => {
    await written("lunch?");
    await bima.row("lunch?").locator(".bubble").hover();
    await bima.row("lunch?").getByTestId("tool-react").click();
    await emoji(bima, "👍").click();
    await expect.poll(() => chips(ayu, "lunch?").allTextContents()).toEqual(["👍1"]);
    expect(await chips(ayu, "lunch?").getAttribute("aria-pressed")).toBe("false");
    expect(await chips(bima, "lunch?").getAttribute("aria-pressed")).toBe("true");
    await chips(ayu, "lunch?").click();
    await expect.poll(() => chips(bima, "lunch?").allTextContents()).toEqual(["👍2"]);
    await bima.row("lunch?").locator(".bubble").hover();
    await bima.row("lunch?").getByTestId("tool-react").click();
    await emoji(bima, "🎉").click();
    await expect.poll(() => chips(ayu, "lunch?").allTextContents()).toEqual(["👍1", "🎉1"]);
    await chips(bima, "lunch?").filter({ hasText: "🎉" }).click();
    await expect.poll(() => chips(ayu, "lunch?").allTextContents()).toEqual(["👍1"]);
    await demo.page.reload();
    await ayu.open("Lobby");
    await expect.poll(() => chips(ayu, "lunch?").getAttribute("aria-pressed")).toBe("true");
  });

  it("[WEB-23] a reply quotes, the quote follows edits and unsends, and leads to its message", async () => {
    await written("the frist draft");
    await bima.act("the frist draft", "reply");
    await waitForText(bima.root.getByTestId("reply-bar"), "the frist draft");
    await written("well done", bima);
    const quote = ayu.row("well done").getByTestId("quote");
    await waitForText(quote, "the frist draft");
    expect(await bima.root.locator(".conversation").getByTestId("reply-bar").isVisible()).toBe(false);
    await ayu.act("the frist draft", "edit");
    await ayu.root.getByTestId("edit").fill("the first draft");
    await ayu.root.getByTestId("edit-save").click();
    await waitForText(bima.row("well done").getByTestId("quote"), "the first draft");
    await quote.click();
    await expect.poll(() => ayu.row("the first draft").evaluate((row) => row.matches(":focus"))).toBe(true);
    await ayu.act("the first draft", "unsend");
    await ayu.root.getByTestId("confirm").click();
    await waitForText(bima.row("well done").getByTestId("quote"), "Message removed");
  });

  it("[WEB-24] a thread beside the conversation, with its count under the root", async () => {
    await written("where do we meet?");
    await bima.act("where do we meet?", "thread");
    await waitForText(bima.thread, "No replies yet.");
    await bima.thread.getByTestId("thread-composer").fill("at the station");
    await bima.thread.getByTestId("thread-composer").press("Enter");
    await waitForText(bima.thread.getByTestId("message"), "at the station");
    const link = ayu.row("where do we meet?").getByTestId("thread-link");
    await waitForText(link, "1 reply");
    expect(await ayu.row("at the station").count()).toBe(0);
    await link.click();
    await waitForText(ayu.thread.getByTestId("message"), "at the station");
    await ayu.thread.getByTestId("thread-composer").fill("fine");
    await ayu.thread.getByTestId("thread-composer").press("Enter");
    await waitForText(bima.thread.getByTestId("message"), "fine");
    await waitForText(link, "2 replies");
    await ayu.thread.getByTestId("thread-composer").press("Escape");
    await ayu.thread.waitFor({ state: "hidden" });
  });

  it("[WEB-25] a pin, in a bar over the messages that leads to it", async () => {
    await written("the door code is 12");
    expect(await bima.root.getByTestId("pinned").isVisible()).toBe(false);
    await ayu.act("the door code is 12", "pin");
    for (const side of demo.sides) await waitForText(side.root.getByTestId("pinned"), "the door code is 12");
    await bima.root.getByTestId("pinned").click();
    await expect.poll(() => bima.row("the door code").evaluate((row) => row.matches(":focus"))).toBe(true);
    await ayu.act("the door code is 12", "pin");
    await bima.root.getByTestId("pinned").waitFor({ state: "hidden" });
  });

  it("[WEB-26] a mention, offered after an @, marked in the text and in the list", async () => {
    await bima.open("Ayu");
    await ayu.composer.pressSequentially("over to you @bi");
    await waitForText(ayu.root.getByTestId("mention-option"), "Bima");
    await ayu.composer.press("Enter");
    expect(await ayu.composer.inputValue()).toBe("over to you @Bima ");
    await ayu.composer.press("Enter");
    const item = bima.root.locator("[data-channel-external-id=demo-lobby]");
    await item.getByTestId("mentions").waitFor();
    await waitForText(bima.root.getByTestId("toast"), "Ayu mentioned you in Lobby.");
    await bima.open("Lobby");
    await waitForText(bima.row("over to you").locator(".mention.is-me"), "@Bima");
    await item.getByTestId("mentions").waitFor({ state: "hidden" });
  });

  it("[WEB-27] that it was read: two ticks, and by how many in a group", async () => {
    await bima.open("Ayu");
    await ayu.say("has anybody read this?");
    await ayu.row("has anybody").and(ayu.root.locator("[data-status=sent]")).waitFor();
    await bima.open("Lobby");
    await ayu.row("has anybody").and(ayu.root.locator("[data-status=read]")).waitFor();
    await waitForText(ayu.row("has anybody").getByTestId("read-by"), "Read by 1");
    await bima.composer.pressSequentially("yes");
    await waitForText(ayu.typing, "Bima is typing");
  });
});

describe("who is there, and what is being written", () => {
  it("[WEB-31] dots and words tell who is online, away, and since when somebody is gone", async () => {
    for (const [side, other] of [
      [ayu, "Bima"],
      [bima, "Ayu"],
    ] as const) {
      await side.open(other);
      await waitForText(side.root.getByTestId("facts"), "online");
    }
    const dot = ayu.root.getByTestId("channel-item").filter({ hasText: "Bima" }).getByTestId("presence");
    const shows = (status: string) =>
      expect.poll(() => dot.getAttribute("data-status"), { timeout: 45_000, interval: 200 }).toBe(status);
    await shows("online");
    const turnTo = (state: string) =>
      demo.page.evaluate(`Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
        document.dispatchEvent(new Event("visibilitychange"))`);
    await turnTo("hidden");
    await shows("away");
    await turnTo("visible");
    await shows("online");
    // A short absence is none; a longer one is told.
    await bima.toggle.click();
    await shows("offline");
    await waitForText(ayu.root.getByTestId("facts"), "last seen");
    await bima.toggle.click();
    await waitForText(ayu.root.getByTestId("facts"), "online");
  });

  it("[WEB-32] a message that is being written grows before the reader's eyes", async () => {
    const made = await fetch(`${stack.baseUrl}/v1/users/demo-bima/tokens`, {
      method: "POST",
      headers: { authorization: stack.authorization, "content-type": "application/json" },
      body: "{}",
    });
    const { token } = (await made.json()) as { token: string };
    const bot = createClient({ baseUrl: stack.baseUrl, getToken: async () => token });
    bot.connect();
    try {
      const stream = await bot.channel("demo-lobby").stream({ content: "The answer" });
      await ayu.row("The answer").locator(".text.is-streaming").waitFor();
      await stream.append(" to everything");
      await ayu.row("The answer to everything").waitFor();
      await stream.append(" is 42");
      await stream.finish();
      await ayu.row("The answer to everything is 42").waitFor();
      await ayu.root.locator(".is-streaming").waitFor({ state: "detached" });
    } finally {
      bot.close();
    }
  });
});

describe("finding one's way", () => {
  it("[WEB-28] a search leads to a message far back, from which one gets to the newest again", async () => {
    await written("the needle");
    const key = { authorization: stack.authorization, "content-type": "application/json" };
    for (let n = 0; n < 110; n += 1) {
      const body = JSON.stringify({ content: `hay ${n}`, user_id: n % 2 ? "demo-ayu" : "demo-bima" });
      const url = `${stack.baseUrl}/v1/channels/demo-lobby/messages`;
      const { status } = await fetch(url, { method: "POST", headers: key, body });
      expect(status).toBe(201);
    }
    await demo.page.reload();
    await ayu.open("Lobby");
    await waitForText(ayu.messages, "hay 109");
    await ayu.root.getByTestId("search-toggle").click();
    await ayu.root.getByTestId("search").fill("needle");
    await ayu.root.getByTestId("search-result").filter({ hasText: "needle" }).click();
    await expect.poll(() => ayu.row("the needle").evaluate((row) => row.matches(":focus"))).toBe(true);
    await ayu.root.locator(".conversation").getByTestId("jump").click();
    await waitForText(ayu.messages, "hay 109");
    await written("at the end again");
  });

  it("[WEB-29] the keyboard alone sends, replies and reacts", async () => {
    const { keyboard } = demo.page;
    await ayu.composer.focus();
    for (const text of ["no mouse here", "nor here"]) {
      await keyboard.type(text);
      await keyboard.press("Enter");
      await bima.row(text).waitFor();
    }
    await bima.composer.focus();
    await keyboard.press("Shift+Tab");
    await keyboard.press("Shift+Tab");
    await expect.poll(() => bima.row("nor here").evaluate((row) => row.matches(":focus"))).toBe(true);
    await keyboard.press("ArrowUp");
    await expect.poll(() => bima.row("no mouse here").evaluate((row) => row.matches(":focus"))).toBe(true);
    await keyboard.press("+");
    await keyboard.press("ArrowRight");
    await keyboard.press("Enter");
    await expect.poll(() => chips(ayu, "no mouse here").allTextContents()).toEqual(["❤️1"]);
    await expect.poll(() => bima.row("no mouse here").evaluate((row) => row.matches(":focus"))).toBe(true);
    await keyboard.press("Enter");
    await bima.root.getByTestId("menu-reply").focus();
    await keyboard.press("Enter");
    await keyboard.type("indeed");
    await keyboard.press("Enter");
    await waitForText(ayu.row("indeed").getByTestId("quote"), "no mouse here");
    await expect.poll(() => ayu.root.getByTestId("announcer").textContent()).toBe("Bima: indeed");
  });

  it("[WEB-30] a long press opens the menu on a phone, and the thread takes the conversation's place", async () => {
    await written("tap me");
    await demo.context.close();
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
    demo = await openDemo(browser, stack, phone);
    const [side] = demo.sides;
    await side.root.getByRole("button", { name: "Back to the channels" }).click();
    await side.open("Lobby");
    const box = await side.row("tap me").locator(".bubble").boundingBox();
    const touch = await demo.context.newCDPSession(demo.page);
    const touchPoints = [{ x: (box?.x ?? 0) + 20, y: (box?.y ?? 0) + 12 }];
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
    await side.root.getByTestId("menu-thread").waitFor();
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await side.root.getByTestId("menu-thread").tap();
    await waitForText(side.thread.getByTestId("message"), "tap me");
    expect(await demo.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    await side.thread.getByTestId("thread-close").tap();
    await side.composer.waitFor();
  });
});
