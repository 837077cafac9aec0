import FuzzSupport
import NIOCore
import NIOEmbedded

@testable import Monitoring

/// Bytes to the pages of `--metrics`, in one piece and cut: any bytes, and requests that were bent.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  let isBent = input.byte() % 2 == 1
  let piece = 1 + Int(input.byte())
  let request: [UInt8]
  if isBent {
    let template = templates[Int(input.byte()) % templates.count]
    request = [UInt8](template.utf8).mutated(by: &input) + input.remainder()
  } else {
    request = input.remainder()
  }
  let whole = answer(to: request, inPiecesOf: Int.max)
  expect(whole.isEmpty || answers.contains(whole), "an answer of one's own, once")
  if whole.starts(with: "HTTP/1.1 200 ".utf8) {
    let line = request.drop { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
    let isAsked = ["GET ", "HEAD "].contains { method in
      // The parser takes several blanks for one.
      line.starts(with: method.utf8)
        && line.dropFirst(method.utf8.count).first { $0 != UInt8(ascii: " ") } == UInt8(ascii: "/")
    }
    expect(isAsked, "a page that was asked for")
  }
  expect(answer(to: request, inPiecesOf: piece) == whole, "the same answer however it is cut")
  return 0
}

/// Everything that comes back until the other side has ended.
private func answer(to request: [UInt8], inPiecesOf length: Int) -> [UInt8] {
  let channel = EmbeddedChannel()
  let count = MonitoringHandler.Count()
  let pages = MonitoringPages(metrics: { "x 1\n" }, isReady: { true })
  do {
    try MonitoringHandler.add(
      to: channel, pages: pages, limits: MonitoringLimits(), count: count)
    channel.pipeline.fireChannelActive()
    var rest = request[...]
    while !rest.isEmpty {
      _ = try? channel.writeInbound(ByteBuffer(bytes: rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    var answer: [UInt8] = []
    while let part = try channel.readOutbound(as: ByteBuffer.self) {
      answer += part.readableBytesView
    }
    _ = try? channel.finish()
    // What a channel that was closed before has left to do: it lets its handlers go.
    channel.embeddedEventLoop.run()
    expect(count.enter(limit: 1), "a place that is free again")
    return answer
  } catch {
    fatalError("broken: \(error)")
  }
}

private let templates: [String] = [
  "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
  "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /healthz HTTP/1.0\r\n\r\n",
  "HEAD /readyz?a=b HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
  "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nx=y",
  "GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "GET /metrics HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
]

/// Every answer that there is.
private let answers: Set<[UInt8]> = {
  let requests =
    ["GET", "HEAD"].flatMap { method in
      ["/metrics", "/healthz", "/readyz", "/"].map { "\(method) \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }
        + ["\(method) / HTTP/1.1\r\n\r\n"]
    } + [
      "POST / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
      "\0", String(repeating: "\r\n", count: 5000),
      "GET /\(String(repeating: "x", count: 9000))",
    ]
  return Set(requests.map { answer(to: [UInt8]($0.utf8), inPiecesOf: Int.max) })
}()
