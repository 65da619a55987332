// A viewer's socket to a room: `node room.cjs <chatUrl> <streamId>`. It joins, pings, and says what it is told.
const [url, streamId] = process.argv.slice(2);
const socket = new WebSocket(url);
socket.onopen = () => {
  socket.send(JSON.stringify({ type: "JOIN_STREAM", data: { streamId } }));
  setInterval(() => socket.send("ping"), 1000);
};
socket.onmessage = ({ data }) => {
  if (data !== "pong") console.log(JSON.parse(data).type);
};
socket.onclose = ({ code }) => {
  console.log(`CLOSED ${code}`);
  process.exit();
};
