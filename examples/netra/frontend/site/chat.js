// Shows the agent's events as they come.
function openChat(backend, token) {
  const socket = new WebSocket(`${backend}/ws?token=${token}`);
  socket.onmessage = (message) => {
    const line = document.createElement("li");
    line.textContent = JSON.parse(message.data).event;
    document.getElementById("events").append(line);
  };
  return socket;
}
