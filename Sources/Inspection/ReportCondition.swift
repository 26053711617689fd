/// A condition on the numbers of a report: comparisons joined by `and`, such as `sparsity<0.5 and nan==0`.
///
/// A comparison is a key of `Metric`, one of `<`, `<=`, `>`, `>=`, `==`, `!=`, and a number, which may end in `%`. It is
/// about the model's totals, or with `tensor.` before the key about tensors: then the condition holds for each tensor for
/// which all comparisons of that kind do. A number that a row does not have satisfies nothing.
public struct ReportCondition: Hashable, Sendable {
  enum Relation: String, CaseIterable {
    // Longer ones first, as they are looked for.
    case atMost = "<="
    case atLeast = ">="
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case greater = ">"

    func holds(_ a: Double, _ b: Double) -> Bool {
      switch self {
      case .atMost: a <= b
      case .atLeast: a >= b
      case .equal: a == b
      case .unequal: a != b
      case .less: a < b
      case .greater: a > b
      }
    }
  }

  struct Comparison: Hashable, Sendable {
    var isAboutTensors: Bool
    var metric: Metric
    var relation: Relation
    var number: Double
  }

  /// What is wrong with a condition's text.
  public struct SyntaxError: Error, Hashable, Sendable {
    public let message: String
    public let hint: String?
  }

  /// As it was given.
  public let text: String
  private let comparisons: [Comparison]

  public init(_ text: String) throws(SyntaxError) {
    self.text = text
    var comparisons: [Comparison] = []
    var words: [String] = []
    for word in text.split(separator: " ").map(String.init) + ["and"] {
      guard word == "and" else {
        words.append(word)
        continue
      }
      comparisons.append(try Comparison(words.joined()))
      words = []
    }
    self.comparisons = comparisons
  }

  /// Whether a header alone can't tell.
  public var needsData: Bool { comparisons.contains { $0.metric.needsData } }

  /// Where the condition holds in `model`, each place in words: `sparsity is 0.25`, `tensor 'a': nan is 3`.
  public func places(in model: ModelReport) -> [String] {
    let totals = ReportRow(model.totals)
    let aboutTotals = comparisons.filter { !$0.isAboutTensors }
    let aboutTensors = comparisons.filter(\.isAboutTensors)
    guard aboutTotals.allSatisfy({ $0.holds(for: totals) }) else { return [] }
    let facts = aboutTotals.map { $0.fact(of: totals) }
    if aboutTensors.isEmpty { return [facts.joined(separator: ", ")] }
    return model.tensors.map(ReportRow.init).filter { row in aboutTensors.allSatisfy { $0.holds(for: row) } }.map {
      row in
      let own = aboutTensors.map { $0.fact(of: row) }
      return "tensor '\(row.name.escapedForDisplay)': " + (own + facts).joined(separator: ", ")
    }
  }
}

extension ReportCondition.Comparison {
  /// - Parameter text: without blanks.
  fileprivate init(_ text: String) throws(ReportCondition.SyntaxError) {
    let found = ReportCondition.Relation.allCases.lazy.compactMap { relation in
      text.firstRange(of: relation.rawValue).map { (relation, $0) }
    }.first
    guard let (relation, range) = found else {
      throw ReportCondition.SyntaxError(
        message: "'\(text)' compares nothing", hint: "expected a key, < <= > >= == or !=, and a number: sparsity<0.5")
    }
    let subject = text[..<range.lowerBound]
    let isAboutTensors = subject.hasPrefix("tensor.")
    let key = isAboutTensors ? String(subject.dropFirst("tensor.".count)) : String(subject)
    let known = Metric.all(of: isAboutTensors ? .tensor : .model)
    guard let metric = Metric(rawValue: key), known.contains(metric) else {
      throw ReportCondition.SyntaxError(
        message: "unknown key '\(subject)'",
        hint: "known: " + known.map { (isAboutTensors ? "tensor." : "") + $0.rawValue }.joined(separator: " "))
    }
    let operand = text[range.upperBound...]
    let digits = operand.hasSuffix("%") ? operand.dropLast() : operand
    guard let value = Double(digits), !value.isNaN else {
      throw ReportCondition.SyntaxError(message: "'\(operand)' is no number", hint: nil)
    }
    self.init(
      isAboutTensors: isAboutTensors, metric: metric, relation: relation,
      number: operand.hasSuffix("%") ? value / 100 : value)
  }

  fileprivate func holds(for row: ReportRow) -> Bool {
    metric.value(of: row).map { relation.holds($0.asDouble, number) } ?? false
  }

  fileprivate func fact(of row: ReportRow) -> String {
    "\(metric.rawValue) is \(metric.value(of: row)?.text ?? "")"
  }
}
