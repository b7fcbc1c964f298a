// The binary hierarchical Gaussian filter with two levels, one rating of the belief after each outcome, Gaussian and censored at 0 and 1.
// Parameters: tonic volatility, noise (log). Vectorised over people, as Stan is fastest.
data {
  int<lower=1> people;
  int<lower=1> events;
  array[events] vector[people] outcome;
  int within_count;
  int low_count;
  int high_count;
  array[within_count] int within;  // where the ratings lie between the ends of the scale, event by event
  array[low_count] int low;
  array[high_count] int high;
  vector[within_count] rating;
  vector[2] prior_mean;
  vector[2] prior_sd;
  vector[2] prior_between_sd;
  int<lower=0, upper=1> centred;
}
transformed data {
  array[events * people] int person;
  for (t in 1 : events) {
    for (n in 1 : people) {
      person[(t - 1) * people + n] = n;
    }
  }
}
parameters {
  vector[2] mu;
  vector<lower=0>[2] sigma;
  array[2] vector[people] raw;
}
transformed parameters {
  array[2] vector[people] theta;
  for (k in 1 : 2) {
    theta[k] = centred ? raw[k] : mu[k] + sigma[k] * raw[k];
  }
}
model {
  vector[people] mean = rep_vector(0, people);
  vector[people] variance = rep_vector(0.1, people);
  vector[people] added = fmin(exp(theta[1]), 100);
  vector[people] sd = sqrt(exp(2 * theta[2]) + 0.0004);
  vector[events * people] belief;
  mu ~ normal(prior_mean, prior_sd);
  sigma ~ normal(0, prior_between_sd);
  for (k in 1 : 2) {
    if (centred) {
      raw[k] ~ normal(mu[k], sigma[k]);
    } else {
      raw[k] ~ std_normal();
    }
  }
  for (t in 1 : events) {
    vector[people] expected = inv_logit(mean);
    variance = inv(inv(variance + added) + expected .* (1 - expected));
    mean += variance .* (outcome[t] - expected);
    belief[((t - 1) * people + 1) : (t * people)] = inv_logit(mean);
  }
  target += normal_lpdf(rating | belief[within], sd[person[within]]);
  target += normal_lcdf(0 | belief[low], sd[person[low]]);
  target += normal_lccdf(1 | belief[high], sd[person[high]]);
}
