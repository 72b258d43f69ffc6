#include "orchestrator/session/mailbox.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace mtlgrid {

void HeldMail::add(int rank, Addressee addressee, const nlohmann::json& message) {
  std::string bytes(1, static_cast<char>(addressee));
  nlohmann::json::to_msgpack(message, bytes);
  letters_.push_back({rank, std::move(bytes)});
}

void HeldMail::flush() {
  for (Letter& letter : letters_) transport_.send(letter.rank, std::move(letter.bytes));
  letters_.clear();
}

int receive_mail(Transport& transport, const MailHandler& handler) {
  int received = 0;
  while (received < kMostAtOnce) {
    const auto incoming = transport.receive();
    if (!incoming) break;
    ++received;
    const std::string& bytes = incoming->bytes;
    if (bytes.empty() || (bytes[0] != 'c' && bytes[0] != 'w')) {
      throw Error(ErrorKind::fatal, fmt::format("rank {} sent a message without an addressee", incoming->from));
    }
    nlohmann::json message;
    try {
      message = nlohmann::json::from_msgpack(bytes.begin() + 1, bytes.end());
    } catch (const nlohmann::json::exception& e) {
      throw Error(ErrorKind::fatal,
                  fmt::format("rank {} sent bytes that are not MessagePack: {}", incoming->from, e.what()));
    }
    handler(incoming->from, static_cast<Addressee>(bytes[0]), message);
  }
  return received;
}

}  // namespace mtlgrid
