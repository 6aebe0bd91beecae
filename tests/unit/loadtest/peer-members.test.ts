import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { MamReader } from "../../../loadtest/peers/ejabberd/mam-reader.ts";
import { MucMember } from "../../../loadtest/peers/ejabberd/member.ts";
import { XmppSession } from "../../../loadtest/peers/ejabberd/session.ts";
import { MosquittoMember } from "../../../loadtest/peers/mosquitto/member.ts";
import { PacketReader } from "../../../loadtest/peers/mosquitto/packet-reader.ts";
import { TYPE } from "../../../loadtest/peers/mosquitto/packets.ts";

type Answer = (data: Buffer, reply: (frame: string | Buffer) => void) => void;

let server: WebSocketServer | undefined;

/** A server whose every connection has its own answers. */
async function serve(answers: () => Answer): Promise<URL> {
  const started = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server = started;
  started.on("connection", (socket) => {
    const answer = answers();
    socket.on("message", (data: Buffer) => answer(data, (frame) => socket.send(frame)));
  });
  await new Promise((resolve) => started.once("listening", resolve));
  return new URL(`ws://127.0.0.1:${(started.address() as AddressInfo).port}/`);
}

afterEach(async () => {
  for (const socket of server?.clients ?? []) socket.terminate();
  await new Promise((resolve) => server?.close(resolve));
});

const FEATURES = "<stream:features xmlns:stream='x'/>";
const idOf = (stanza: string) => / id='([^']*)'/.exec(stanza)?.[1];

/** As ejabberd answers until somebody is in a room; `then` has what comes afterwards. */
function fakeEjabberd(then: (stanza: string, reply: (frame: string) => void) => void): () => Answer {
  return () => (data, reply) => {
    const stanza = data.toString();
    if (stanza.startsWith("<open")) {
      reply("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
      reply(FEATURES);
    } else if (stanza.startsWith("<auth")) reply("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    else if (stanza.includes("xmpp-bind")) reply(`<iq type='result' id='${idOf(stanza)}'/>`);
    else if (stanza.startsWith("<presence") && !stanza.includes("locked")) {
      reply("<message type='groupchat' from='g@conference.localhost'><subject/></message>");
    } else then(stanza, reply);
  };
}

const copyOf = (id: string, archived: string) =>
  `<message from='g/m0' type='groupchat' id='${id}'><stanza-id id='${archived}' by='g'/><body>x</body></message>`;

describe("a member of an ejabberd room", () => {
  it("[WIRE-7] a store is settled by the copy of its own message, whatever the order", async () => {
    const sent: string[] = [];
    const url = await serve(
      fakeEjabberd((stanza, reply) => {
        if (sent.push(idOf(stanza) ?? "") < 3) return;
        reply(copyOf("m1-0", "somebody else's"));
        reply(
          `<message type='error' id='${sent[0]}'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></message>`,
        );
        reply(copyOf(sent[2] ?? "", "103"));
        reply(copyOf(sent[1] ?? "", "102"));
      }),
    );
    const heard: Buffer[] = [];
    const member = await MucMember.open(url, "g", 0, (_, bytes) => heard.push(Buffer.from(bytes)));
    const stores = await Promise.allSettled(["a", "b", "c"].map((content) => member.archive(content)));
    expect(stores).toMatchObject([
      { status: "rejected", reason: { message: "the room refused a message: forbidden" } },
      { status: "fulfilled", value: "102" },
      { status: "fulfilled", value: "103" },
    ]);
    expect(heard).toHaveLength(3);
    member.close();
  });

  it("[WIRE-7] a copy that is in no archive refuses the store, and so does the end of the session", async () => {
    const url = await serve(
      fakeEjabberd((stanza, reply) => {
        if (stanza.includes("bare"))
          reply(`<message type='groupchat' id='${idOf(stanza)}'><body>bare</body></message>`);
        else reply("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
      }),
    );
    const member = await MucMember.open(url, "g", 0, () => {});
    await expect(member.store("bare")).rejects.toThrow("did not archive");
    await expect(member.store("last")).rejects.toThrow("conflict");
  });

  it("[WIRE-10] a log-in that gets no answer is tried again, and given up after three times", async () => {
    let connections = 0;
    const answers = fakeEjabberd(() => {});
    const url = await serve(() => (++connections < 3 ? () => {} : answers()));
    const session = await XmppSession.open(url, "localhost", { message: () => {} }, 50);
    expect(connections).toBe(3);
    session.close();
    connections = -10;
    await expect(XmppSession.open(url, "localhost", { message: () => {} }, 50)).rejects.toThrow("does not answer");
    expect(connections).toBe(-7);
  });

  it("[WIRE-8] who cannot enter a room is no member", async () => {
    const refusal = "<not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
    const url = await serve(fakeEjabberd((_, reply) => reply(`<presence type='error'>${refusal}</presence>`)));
    await expect(MucMember.open(url, "locked", 0, () => {})).rejects.toThrow("not-allowed");
  });

  it("[WIRE-9] a page counts the results that came, and an error is none", async () => {
    const url = await serve(
      fakeEjabberd((stanza, reply) => {
        const id = idOf(stanza);
        if (!stanza.includes("<before>7</before>")) {
          reply(`<iq type='error' id='${id}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></iq>`);
          return;
        }
        for (const result of ["5", "6"]) reply(`<message from='g'><result id='${result}'/></message>`);
        reply(`<iq type='result' id='${id}'><fin xmlns='urn:xmpp:mam:2'/></iq>`);
      }),
    );
    const reader = await MamReader.open(url, "g@conference.localhost");
    expect(await reader.page(2, "7")).toBe(2);
    expect(await reader.page(2, "7")).toBe(2);
    await expect(reader.page(2, "8")).rejects.toThrow("item-not-found");
    reader.close();
  });
});

/** As mosquitto answers, with these codes, and each answer cut in two. */
function fakeMosquitto(connack: number, suback: number): () => Answer {
  return () => {
    let send: (frame: Buffer) => void = () => {};
    const halves = (bytes: number[]) => {
      send(Buffer.from(bytes.slice(0, 1)));
      send(Buffer.from(bytes.slice(1)));
    };
    const reader = new PacketReader((type, _, body) => {
      if (type === TYPE.CONNECT) halves([TYPE.CONNACK << 4, 2, 0, connack]);
      else if (type === TYPE.SUBSCRIBE) halves([TYPE.SUBACK << 4, 3, 0, 1, suback]);
      else if (type === TYPE.PINGREQ) halves([TYPE.PINGRESP << 4, 0]);
      else halves([TYPE.PUBLISH << 4, body.length, ...body]);
    });
    return (data, reply) => {
      send = reply;
      reader.push(data);
    };
  };
}

describe("a member of a mosquitto topic", () => {
  it("[WIRE-8] connects, subscribes, pings and hears the content alone", async () => {
    const url = await serve(fakeMosquitto(0, 0));
    const heard: string[] = [];
    const member = await MosquittoMember.open(url, "g", 3, (number, bytes) => heard.push(`${number} ${bytes}`));
    await member.ping();
    member.send("hello");
    await expect.poll(() => heard).toEqual(["3 hello"]);
    member.close();
  });

  it("[WIRE-8] who is refused is no member", async () => {
    const open = async (connack: number, suback: number) =>
      MosquittoMember.open(await serve(fakeMosquitto(connack, suback)), "g", 0, () => {});
    await expect(open(5, 0)).rejects.toThrow("unable to connect; because the server answered 5");
    server?.close();
    await expect(open(0, 0x80)).rejects.toThrow("unable to subscribe; because the server answered 128");
  });
});
