#include "orchestrator/session/mailbox.h"

#include <fmt/format.h>

#include "base/decode.h"
#include "base/errors.h"
#include "orchestrator/scheduler/messages.h"

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

namespace {

// The message in `mail`, behind the byte of its addressee. Throws Error(fatal) that says what is wrong.
nlohmann::json opened(const Transport::Incoming& mail) {
  const std::string_view bytes = mail.bytes;
  if (bytes.empty() || (bytes[0] != 'c' && bytes[0] != 'w')) {
    throw Error(ErrorKind::fatal, "sent a message without an addressee");
  }
  const bool order = bytes[0] == static_cast<char>(Addressee::worker);
  if (order && mail.from != kCoordinator) throw Error(ErrorKind::fatal, "sent an order, as rank 0 alone does");
  try {
    nlohmann::json message = decode_msgpack(bytes.substr(1), order ? DecodeLimits{} : kReportLimits);
    if (!has_type(message)) throw Error(ErrorKind::fatal, "sent a message without a type");
    return message;
  } catch (const DecodeError& e) {
    throw Error(ErrorKind::fatal, fmt::format("sent bytes that are not MessagePack: {}", e.what()));
  }
}

}  // namespace

int receive_mail(Transport& transport, const MailHandler& handler, const MailRefuser& refuse) {
  int received = 0;
  while (received < kMostAtOnce) {
    const auto incoming = transport.receive();
    if (!incoming) break;
    ++received;
    nlohmann::json message;
    try {
      message = opened(*incoming);
    } catch (const Error& e) {
      refuse(incoming->from, e.what());
      continue;
    }
    handler(incoming->from, static_cast<Addressee>(incoming->bytes[0]), message);
  }
  return received;
}

}  // namespace mtlgrid
