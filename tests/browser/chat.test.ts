import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTestStack, type TestStack } from "../support/stack.ts";
import {
  complaint,
  type DemoPage,
  launchBrowser,
  openDemo,
  pngFile,
  prepareDemo,
  type Side,
  waitForText,
} from "./support/demo-page.ts";

let stack: TestStack;
let browser: Browser;
let demo: DemoPage | undefined;

beforeAll(async () => {
  stack = await startTestStack({ web: true, demo: true });
  await prepareDemo(stack);
  browser = await launchBrowser();
});
afterEach(async () => {
  const errors = demo?.errors;
  await demo?.context.close();
  demo = undefined;
  expect(errors ?? []).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** Both sides in the direct channel. */
async function direct(): Promise<DemoPage> {
  demo = await openDemo(browser, stack);
  await demo.sides[0].open("Bima");
  await demo.sides[1].open("Ayu");
  return demo;
}

/** The `data-seq` of the side's messages from top to bottom. */
function seqsOf({ messages }: Side): Promise<number[]> {
  return messages.evaluateAll((all: { dataset: { seq?: string } }[]) => all.map((one) => Number(one.dataset.seq)));
}

describe("the demo page", () => {
  it("[WEB-40] brings a message to the other side, and shows it as read by them", async () => {
    const { sides } = await direct();
    const [ayu, bima] = sides;
    await ayu.say("Halo <b>Bima</b>");
    await waitForText(bima.messages, "Halo <b>Bima</b>");
    const own = ayu.root.locator(".row", { hasText: "Halo" });
    await own.and(ayu.root.locator("[data-status=read]")).waitFor();
    await bima.say("Halo Ayu");
    await waitForText(ayu.messages, "Halo Ayu");
    expect(await bima.root.locator("b", { hasText: "Bima" }).count()).toBe(0);
    expect(await ayu.messages.first().getAttribute("data-seq")).toMatch(/^\d+$/);
    expect(await ayu.composer.inputValue()).toBe("");
  });

  it("[WEB-41] makes a new line by Shift+Enter", async () => {
    const { sides } = await direct();
    const [ayu, bima] = sides;
    await ayu.composer.fill("first line");
    await ayu.composer.press("Shift+Enter");
    await ayu.composer.pressSequentially("second line");
    await ayu.send.click();
    await waitForText(bima.messages, "second line");
    expect(await bima.messages.last().locator(".text").textContent()).toBe("first line\nsecond line");
  });

  it("[WEB-42] shows who is typing, until they have sent", async () => {
    const { sides } = await direct();
    const [ayu, bima] = sides;
    // Slowly: a start within a second of the last one is dropped, and the test before has just typed here.
    await ayu.composer.pressSequentially("let me th", { delay: 500 });
    await waitForText(bima.typing, "Ayu is typing");
    await ayu.say("let me think");
    await waitForText(bima.messages, "let me think");
    await expect.poll(() => bima.typing.textContent()).toBe("");
  });

  it("[WEB-43] sends a picture, which the other side displays", async () => {
    const { sides } = await direct();
    const [ayu, bima] = sides;
    await ayu.attach.setInputFiles(pngFile("board.png", 64, 48));
    await ayu.composer.fill("the board");
    await ayu.send.click();
    const image = bima.messages.last().locator("img[alt='board.png']");
    await image.waitFor({ timeout: 15_000 });
    await expect.poll(() => image.evaluate((element: { naturalWidth: number }) => element.naturalWidth)).toBe(64);
    expect(await image.getAttribute("width")).toBe("64");
    expect(await image.getAttribute("height")).toBe("48");
    expect(await image.getAttribute("src")).toMatch(/^http/);
  });

  it("[WEB-44] tells why a message was not sent, and lets it go", async () => {
    const { sides } = await direct();
    const [ayu] = sides;
    await ayu.say("x".repeat(9_000));
    const failed = ayu.root.locator("[data-status=failed]");
    await failed.getByText("That message is too long.").waitFor();
    expect(await failed.getByRole("button", { name: "Try again" }).count()).toBe(0);
    await failed.getByRole("button", { name: "Discard" }).click();
    await failed.waitFor({ state: "detached" });
  });

  it("[WEB-45] fills the gap of a side that was offline: each message once, in order", async () => {
    const { sides } = await direct();
    const [ayu, bima] = sides;
    await bima.toggle.click();
    await waitForText(bima.state, "Offline");
    const missed = ["gap 1", "gap 2", "gap 3"];
    for (const text of missed) await ayu.say(text);
    await ayu.root.locator("[data-status=sent]", { hasText: "gap 3" }).waitFor();
    await bima.say("written offline");
    expect(await bima.messages.filter({ hasText: "gap" }).count()).toBe(0);
    await bima.toggle.click();
    await waitForText(bima.messages, "gap 3");
    await waitForText(ayu.messages, "written offline");
    await ayu.say("after the gap");
    await waitForText(bima.messages, "after the gap");
    for (const side of sides) {
      const texts = await side.messages.locator(".text").allTextContents();
      expect(texts.slice(-5)).toEqual([...missed, "written offline", "after the gap"]);
      const seqs = await seqsOf(side);
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    }
  });

  it("[WEB-46] counts unread messages of a channel that is not open, until it is", async () => {
    const { sides } = await direct();
    const [ayu, bima] = sides;
    await ayu.open("Lobby");
    await ayu.say("news in the lobby");
    const item = bima.root.locator("[data-channel-external-id=demo-lobby]");
    await waitForText(item.getByTestId("unread"), "1");
    await bima.open("Lobby");
    await waitForText(bima.messages, "news in the lobby");
    await item.getByTestId("unread").waitFor({ state: "hidden" });
  });

  it("[WEB-47] shows the history after a reload, and older pages when scrolled up", async () => {
    const { page, sides } = await direct();
    const [ayu, bima] = sides;
    const before = await ayu.messages.count();
    // Fifty fill a page of history; the limit of sixty a minute is each user's own.
    for (let i = 0; i < 28; i += 1) {
      await ayu.say(`a ${i}`);
      await bima.say(`b ${i}`);
    }
    await waitForText(bima.messages, "a 27");
    await waitForText(ayu.messages, "b 27");
    await ayu.root.locator("[data-status=sending]").first().waitFor({ state: "detached" });
    await page.reload();
    await ayu.open("Bima");
    await waitForText(ayu.messages, "b 27");
    await waitForText(ayu.messages, "a 27");
    await ayu.root
      .locator(".conversation")
      .getByTestId("messages")
      .evaluate((element: { scrollTop: number }) => {
        element.scrollTop = 0;
      });
    await ayu.root.getByText("This is the beginning of the conversation.").waitFor();
    const seqs = await seqsOf(ayu);
    expect(seqs).toEqual(Array.from(seqs, (_, index) => index + 1));
    expect(seqs.length).toBeGreaterThanOrEqual(before + 56);
  });

  it("[WEB-48] fits a phone: one side at a time, list and conversation apart", async () => {
    demo = await openDemo(browser, stack, { viewport: { width: 390, height: 844 } });
    const [ayu, bima] = demo.sides;
    await ayu.composer.waitFor();
    expect(await bima.root.isVisible()).toBe(false);
    await ayu.root.getByRole("button", { name: "Back to the channels" }).click();
    await ayu.open("Lobby");
    await ayu.say("from a phone");
    await demo.page.getByTestId("tab-1").click();
    await bima.root.getByRole("button", { name: "Back to the channels" }).click();
    await bima.open("Lobby");
    await waitForText(bima.messages, "from a phone");
    const overflow = await demo.page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
  });

  it("[WEB-49] says how to run the demo where there is none", async () => {
    const page = await browser.newPage();
    await page.route("**/demo/session", (route) => route.fulfill({ status: 404, json: { error: {} } }));
    await page.goto(stack.baseUrl);
    await page.getByTestId("demo-off").waitFor();
    expect(await page.getByTestId("demo-off").textContent()).toContain("npm start");
    await page.close();
  });
});

describe("the API reference", () => {
  it("[WEB-50] shows this server's own description", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(complaint(message)));
    await page.goto(`${stack.baseUrl}/docs`);
    await page.locator(".opblock").first().waitFor({ timeout: 30_000 });
    expect(errors).toEqual([]);
    await page.close();
  });
});
