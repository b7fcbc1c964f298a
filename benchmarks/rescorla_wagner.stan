// Rescorla-Wagner, one rating of the belief after each outcome, Gaussian and censored at 0 and 1.
// Parameters: start (logit), rate (logit), noise (log). Vectorised over people, as Stan is fastest.
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
  vector[3] prior_mean;
  vector[3] prior_sd;
  vector[3] prior_between_sd;
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
  vector[3] mu;
  vector<lower=0>[3] sigma;
  array[3] vector[people] raw;
}
transformed parameters {
  array[3] vector[people] theta;
  for (k in 1 : 3) {
    theta[k] = centred ? raw[k] : mu[k] + sigma[k] * raw[k];
  }
}
model {
  vector[people] value = inv_logit(theta[1]);
  vector[people] rate = inv_logit(theta[2]);
  vector[people] sd = sqrt(exp(2 * theta[3]) + 0.0004);
  vector[events * people] belief;
  mu ~ normal(prior_mean, prior_sd);
  sigma ~ normal(0, prior_between_sd);
  for (k in 1 : 3) {
    if (centred) {
      raw[k] ~ normal(mu[k], sigma[k]);
    } else {
      raw[k] ~ std_normal();
    }
  }
  for (t in 1 : events) {
    value += rate .* (outcome[t] - value);
    belief[((t - 1) * people + 1) : (t * people)] = value;
  }
  target += normal_lpdf(rating | belief[within], sd[person[within]]);
  target += normal_lcdf(0 | belief[low], sd[person[low]]);
  target += normal_lccdf(1 | belief[high], sd[person[high]]);
}
