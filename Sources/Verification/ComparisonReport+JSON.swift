import Kernels
import TensorModel

extension ComparisonReport {
  /// The report as one JSON document; every tensor is in it.
  /// - Parameter version: the version of the tool, the value of the key `tare`.
  public func json(version: String) -> String {
    var text = JSONText()
    text.object { text in
      text.string("tare", version)
      text.string("verdict", verdict.rawValue)
      text.string("tolerance", tolerance.description)
      a.write(to: &text, "a")
      b.write(to: &text, "b")
      text.array("tensors") { text in
        for tensor in tensors { tensor.write(to: &text) }
      }
      text.array("only_in_a") { text in
        for name in onlyInA { text.string(nil, name) }
      }
      text.array("only_in_b") { text in
        for name in onlyInB { text.string(nil, name) }
      }
      text.array("renamed") { text in
        for pair in renamed {
          text.object { text in
            text.string("a", pair.a)
            text.string("b", pair.b)
          }
        }
      }
      text.array("metadata_differences") { text in
        for difference in metadataDifferences { difference.write(to: &text) }
      }
    }
    return text.text
  }
}

extension OperandSummary {
  func write(to text: inout JSONText, _ key: String) {
    text.object(key) { text in
      text.string("path", path)
      text.string("format", format)
      text.optional("digest", digest)
      if let base { text.string("base", base) }
      if canonicalZeros > 0 { text.integer("canonical_zeros", canonicalZeros) }
      guard let files else { return }
      text.string("sha256", files.sha256.description)
      guard files.files.count > 1 else { return }
      text.array("files") { text in
        for file in files.files {
          text.object { text in
            text.string("path", file.path)
            text.string("sha256", file.sha256.description)
          }
        }
      }
    }
  }
}

extension MetadataDifference {
  fileprivate func write(to text: inout JSONText) {
    text.object { text in
      text.string("key", key)
      text.metadata("a", a)
      text.metadata("b", b)
    }
  }
}

extension JSONText {
  /// A string as it is; any other value with its type.
  fileprivate mutating func metadata(_ key: String, _ value: MetadataValue?) {
    guard let value else { return null(key) }
    if let string = value.string { return self.string(key, string) }
    object(key) { $0.typed(value) }
  }
}

extension TensorComparison {
  fileprivate func write(to text: inout JSONText) {
    text.object { text in
      text.string("name", name)
      if let file { text.string("file", file) }
      if !a.name.utf8.elementsEqual(b.name.utf8) { text.string("name_in_b", b.name) }
      text.string("verdict", verdict.rawValue)
      text.integer("elements", a.elementCount)
      if let differing { text.integer("differing", differing) } else { text.null("differing") }
      if let first { first.write(to: &text, "first_difference") } else { text.null("first_difference") }
      writeErrors(to: &text)
      if let failure { text.string("error", "\(failure.path): \(failure.message(in: name))") }
      if let side = roundedSide { text.string("rounded", side.rawValue) }
      if !sameLayout { writeLayouts(to: &text) }
    }
  }

  private func writeErrors(to text: inout JSONText) {
    text.optional("max_abs_error", largestError)
    if let worst { worst.write(to: &text, "max_abs_error_at") } else { text.null("max_abs_error_at") }
    text.optional("mean_squared_error", meanSquaredError)
    text.optional("sqnr_db", signalToNoise)
    text.optional("cosine", cosine)
  }

  private func writeLayouts(to text: inout JSONText) {
    for (key, info) in [("a", a), ("b", b)] {
      text.object(key) { text in
        text.string("dtype", info.dtype.name)
        text.array("shape", inline: true) { text in
          for dimension in info.shape { text.integer(nil, dimension) }
        }
      }
    }
  }
}

extension TensorComparison.Difference {
  fileprivate func write(to text: inout JSONText, _ key: String) {
    text.object(key) { text in
      text.array("index", inline: true) { text in
        for place in index { text.integer(nil, place) }
      }
      a.write(to: &text, "a")
      b.write(to: &text, "b")
      if let bits {
        text.string("a_bits", bits.a)
        text.string("b_bits", bits.b)
      }
    }
  }
}

extension ElementValue {
  /// A number; of a complex element, an array of its two parts; of opaque bytes, their hexadecimal digits.
  fileprivate func write(to text: inout JSONText, _ key: String?) {
    switch self {
    case .unsigned(let value): text.integer(key, value)
    case .signed(let value): text.integer(key, value)
    case .half(let value): text.number(key, Double(value))
    case .single(let value): text.number(key, Double(value))
    case .double(let value): text.number(key, value)
    case .complex(let real, let imaginary):
      text.array(key, inline: true) { text in
        text.number(nil, Double(real))
        text.number(nil, Double(imaginary))
      }
    case .opaque: text.string(key, description)
    }
  }
}

extension JSONText {
  /// A string, or null where there is none.
  mutating func optional(_ key: String, _ value: String?) {
    if let value { string(key, value) } else { null(key) }
  }

  /// A number, or null where there is none.
  mutating func optional(_ key: String, _ value: Double?) {
    if let value { number(key, value) } else { null(key) }
  }
}
