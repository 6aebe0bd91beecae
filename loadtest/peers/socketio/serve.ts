import http from "node:http";
import { Server } from "socket.io";
import { stopWithParent } from "../server/stop-with-parent.ts";

/** Socket.IO as its documentation shows rooms: join, then emit to the room; sends are answered by their callback. */
function serve(port: number): void {
  const server = http.createServer();
  const io = new Server(server, { transports: ["websocket"], serveClient: false });
  io.on("connection", (socket) => {
    let room = "";
    socket.on("join", async (name: string, done: () => void) => {
      room = name;
      await socket.join(name);
      done();
    });
    socket.on("message", (content: string, done: () => void) => {
      io.to(room).emit("message", content);
      done();
    });
    socket.on("latency", (done: () => void) => done());
  });
  server.listen(port, "127.0.0.1");
  stopWithParent(() => io.close());
}

serve(Number(process.argv[2]));
