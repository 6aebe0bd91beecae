import { describe, expect, it } from "vitest";
import {
  archiveId,
  attribute,
  elementName,
  errorCondition,
  hasAttribute,
  isGroupchat,
  isMessage,
} from "../../../loadtest/peers/ejabberd/stanza.ts";

const FROM_ROOM = Buffer.from(
  "<message xmlns='jabber:client' xml:lang='en' to='1@localhost/2' from='g@conference.localhost/m19' type='groupchat' id='m19-7'>" +
    "<archived by='g@conference.localhost' id='11' xmlns='urn:xmpp:mam:tmp'/>" +
    "<stanza-id by='g@conference.localhost' id='12' xmlns='urn:xmpp:sid:0'/><body>hello</body></message>",
);
const REFUSED = Buffer.from(
  "<message to='1@localhost/2' from='g@conference.localhost' type='error' id='m19-8'><body>type='groupchat' id='x'</body>" +
    "<error code='406' type='modify'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
);

describe("stanzas", () => {
  it("[WIRE-4] are told apart by their name and type", () => {
    expect(isMessage(FROM_ROOM)).toBe(true);
    expect(isMessage(Buffer.from("<messages />"))).toBe(false);
    expect(isMessage(Buffer.from("<iq/>"))).toBe(false);
    expect(isGroupchat(FROM_ROOM)).toBe(true);
    expect(isGroupchat(REFUSED)).toBe(false);
    expect(elementName(Buffer.from("<stream:features xmlns:stream='x'/>"))).toBe("stream:features");
    expect(elementName(Buffer.from("<success/>"))).toBe("success");
    expect(elementName(Buffer.from("text"))).toBe("");
  });

  it("[WIRE-4] give the attributes of their first tag only", () => {
    expect(attribute(FROM_ROOM, "id")).toBe("m19-7");
    expect(attribute(FROM_ROOM, "by")).toBeUndefined();
    expect(attribute(Buffer.from('<iq id="q1" type="result"/>'), "type")).toBe("result");
    expect(hasAttribute(REFUSED, "type", "error")).toBe(true);
    expect(attribute(REFUSED, "id")).toBe("m19-8");
  });

  it("[WIRE-5] tell where they are in the archive", () => {
    expect(archiveId(FROM_ROOM)).toBe("12");
    expect(archiveId(REFUSED)).toBeUndefined();
  });

  it("[WIRE-6] tell what was wrong", () => {
    expect(errorCondition(REFUSED)).toBe("not-acceptable");
    const stream = "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    expect(errorCondition(Buffer.from(stream))).toBe("policy-violation");
    expect(errorCondition(Buffer.from("<close/>"))).toBe("<close/>");
  });
});
