import TensorModel

extension InspectionJSON {
  /// The keys of a profile.
  /// - Parameters:
  ///   - profile: nil for elements whose meaning is not known.
  ///   - finite: the tensor's finite values.
  static func write(_ profile: ValueProfile?, finite: Int, to json: inout JSONText) {
    json.optional("distinct", profile?.distinct) { $0.integer($1, $2) }
    json.optional("distinct_error", profile?.distinctError) { $0.number($1, $2) }
    json.optional("entropy_bits", profile?.entropyBits) { $0.number($1, $2) }
    json.optional("entropy_fields", profile?.fields, write)
    json.optional("quantiles", profile?.quantiles) { json, key, quantiles in
      json.object(key) { json in
        for (share, quantile) in zip(ValueProfile.quantileShares, quantiles) { json.number("\(share)", quantile) }
      }
    }
    json.optional("quantile_error", profile?.quantiles.map { _ in profile?.quantileError ?? 0 }) { $0.number($1, $2) }
    json.optional("sampled_elements", profile?.sampledElements) { $0.integer($1, $2) }
    json.optional("outliers", profile?.outliers) { $0.integer($1, $2) }
    json.optional("outlier_share", profile?.outliers.map { Double($0) / Double(finite) }) { $0.number($1, $2) }
    if let histogram = profile?.histogram { write(histogram, to: &json) }
  }

  private static func write(_ json: inout JSONText, _ key: String, _ fields: FieldEntropies) {
    json.object(key) { json in
      json.number("sign", fields.sign)
      json.number("exponent", fields.exponent)
      json.number("mantissa", fields.mantissa)
    }
  }

  static func write(_ json: inout JSONText, _ key: String, _ norms: NormSummary) {
    json.object(key) { json in
      json.number("min", norms.minimum)
      json.number("median", norms.median)
      json.number("max", norms.maximum)
    }
  }

  private static func write(_ histogram: ValueHistogram, to json: inout JSONText) {
    json.object("histogram") { json in
      json.array("edges", inline: true) { json in
        for index in 0...histogram.counts.count { json.number(nil, histogram.edge(index)) }
      }
      json.array("counts", inline: true) { json in
        for count in histogram.counts { json.integer(nil, count) }
      }
    }
  }
}
