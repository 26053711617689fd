public import TensorModel

/// What checking one model found: whether every byte can be read and every checksum holds.
public struct CheckReport: Sendable {
  public enum Verdict: String, Sendable {
    case intact
    case damaged
  }

  /// What was found of one tensor.
  public struct Tensor: Sendable {
    public var name: String
    /// The file that holds the tensor, where the model has several.
    public var file: String?
    public var elements: Int
    /// Why the tensor is damaged; nil where it is intact.
    public var failure: ModelError?
    /// Whether it is the difference from a base that was not given, so that only its stored bytes were checked.
    public var lacksBase: Bool

    public var verdict: Verdict { failure == nil ? .intact : .damaged }
    /// The name, led by the file where there are several: `FILE:NAME`.
    public var label: String { file.map { "\($0):\(name)" } ?? name }

    public init(name: String, file: String? = nil, elements: Int, failure: ModelError? = nil, lacksBase: Bool = false) {
      self.name = name
      self.file = file
      self.elements = elements
      self.failure = failure
      self.lacksBase = lacksBase
    }
  }

  public var model: OperandSummary
  /// Every tensor, in file order.
  public var tensors: [Tensor]
  /// Damage outside the tensors: in an index, a header, a literal.
  public var failures: [ModelError]
  /// The bytes that were read.
  public var byteCount: Int

  public init(model: OperandSummary, tensors: [Tensor] = [], failures: [ModelError] = [], byteCount: Int = 0) {
    self.model = model
    self.tensors = tensors
    self.failures = failures
    self.byteCount = byteCount
  }

  public var verdict: Verdict {
    failures.isEmpty && tensors.allSatisfy { $0.failure == nil } ? .intact : .damaged
  }
}

extension CheckReport {
  /// The report for a reader: one line per damage, at most `maxDifferences` of them, then one line with the verdict.
  public func text(maxDifferences: Int = 10) -> String {
    let lines = failures.map { message($0) } + damaged.map { "\($0.label): damaged: \(message($0.failure!, $0.name))" }
    var shown = Array(lines.prefix(max(0, maxDifferences)))
    if lines.count > shown.count { shown.append("… and \(lines.count - shown.count) more") }
    if let note = model.note { shown.append(note) }
    if let baseNote { shown.append(baseNote) }
    return (shown + [verdictLine]).map { $0.escapedForDisplay + "\n" }.joined()
  }

  /// What was not checked for want of the base.
  private var baseNote: String? {
    let count = tensors.count { $0.lacksBase }
    guard count > 0, let base = model.base else { return nil }
    return
      "\(count.of("tensor")) \(count == 1 ? "is a difference" : "are differences") from '\(base)', which was not given: "
      + "stored bytes are checked, values with --base"
  }

  private var damaged: [Tensor] { tensors.filter { $0.failure != nil } }

  private func message(_ error: ModelError, _ tensor: String = "") -> String {
    ReadFailure(path: model.path, error: error).message(in: tensor)
  }

  private var verdictLine: String {
    guard verdict == .damaged else {
      return "intact: \(tensors.count.of("tensor")), \(byteCount.of("byte")) read"
        + (model.digest.map { ", digest \($0)" } ?? "")
    }
    var parts: [String] = []
    if !failures.isEmpty { parts.append("\(failures.count.of("fault")) outside the tensors") }
    if !damaged.isEmpty { parts.append("\(damaged.count) of \(tensors.count.of("tensor"))") }
    return "damaged: " + parts.joined(separator: ", ")
  }

  /// The report as one JSON document; every tensor is in it.
  /// - Parameter version: the version of the tool, the value of the key `tare`.
  public func json(version: String) -> String {
    var text = JSONText()
    text.object { text in
      text.string("tare", version)
      text.string("verdict", verdict.rawValue)
      model.write(to: &text, "a")
      text.array("errors") { text in
        for failure in failures { text.string(nil, message(failure)) }
      }
      text.array("tensors") { text in
        for tensor in tensors { write(tensor, to: &text) }
      }
    }
    return text.text
  }

  private func write(_ tensor: Tensor, to text: inout JSONText) {
    text.object { text in
      text.string("name", tensor.name)
      if let file = tensor.file { text.string("file", file) }
      text.string("verdict", tensor.verdict.rawValue)
      text.integer("elements", tensor.elements)
      if tensor.lacksBase { text.bool("lacks_base", true) }
      if let failure = tensor.failure { text.string("error", message(failure, tensor.name)) }
    }
  }
}
