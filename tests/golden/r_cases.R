# Numbers for tests/golden/test_r_cases.py: Rscript tests/golden/r_cases.R > tests/golden/r_cases.json
# R 4.2.2, survey 4.1-1, laeken 0.5.2 (Debian 12). The data are made by whole numbers, in Python as here.
suppressMessages({library(survey); library(laeken); library(jsonlite)})
i <- 0:239
h <- i %% 3
c <- (i %/% 3) %% 8
x <- 20 + (i * 37) %% 101
d <- data.frame(i, h, c = 100 * h + c, x, y = 2 * x + (i * 53) %% 89 + 15 * c, w = 5 + (i * 11) %% 7,
                g = c("a", "b", "c")[1 + (i * 29) %% 10 %% 3], many = c(40, 30, 20)[1 + h], rows = 50,
                lone = ifelse(h == 2 & c == 7, 9, h))
line <- 130
d$poor <- as.numeric(d$y < line)
d$gap <- pmax(1 - d$y / line, 0)
d$gap2 <- d$gap^2
d$watts <- log(line / pmin(d$y, line))
full <- svydesign(~c, strata = ~h, weights = ~w, fpc = ~many, data = d)
again <- svydesign(~c, strata = ~h, weights = ~w, data = d)
stages <- svydesign(~c + i, strata = ~h + c, weights = ~w, fpc = ~many + rows, data = d)
both <- function(s) list(b = unname(as.vector(coef(s))), se = unname(as.vector(SE(s))))
lonely <- function(rule) {
  options(survey.lonely.psu = rule)
  s <- svydesign(~c, strata = ~lone, weights = ~w, data = d)
  list(mean = both(svymean(~y, s)), total = both(svytotal(~x, s)), ratio = both(svyratio(~y, ~x, s)))
}
limits <- function(s) as.vector(attr(s, "ci"))
margin <- data.frame(g = c("a", "b", "c"), Freq = c(800, 600, 500))
goal <- c(`(Intercept)` = 1900, gb = 600, gc = 500, x = 135000)
cal <- function(...) {
  s <- calibrate(again, ~g + x, goal, ...)
  list(w = unname(weights(s))[1:6], mean = both(svymean(~y, s)), total = both(svytotal(~y, s)))
}
post <- postStratify(again, ~g, margin)
jk <- as.svrepdesign(again, type = "JKn")
one <- as.svrepdesign(svydesign(~c, weights = ~w, data = d), type = "JK1")
signs <- outer(i, 1:8, function(i, r) 1 + 0.5 * (-1)^((i %/% 3 + i * r) %% 2))
given <- svrepdesign(data = d, weights = ~w, repweights = signs * d$w, type = "other", scale = 0.5,
                     rscales = c(1, 1, 2, 2, 1, 1, 2, 2) / 8, combined.weights = TRUE)
q <- function(s) { r <- svyquantile(~y, s, c(.1, .5, .9), qrule = "math"); list(b = as.vector(coef(r)), se = as.vector(SE(r))) }
glm <- svyglm(log(y) ~ x + g, again)
out <- list(
  mean_fpc = both(svymean(~y + x, full)), total_fpc = both(svytotal(~y + x, full)), ratio_fpc = both(svyratio(~y, ~x, full)),
  mean_by = both(svyby(~y, ~g, full, svymean)), total_by = both(svyby(~y, ~g, again, svytotal)),
  ratio_by = both(svyby(~y, ~g, denominator = ~x, again, svyratio)),
  stages = list(mean = both(svymean(~y, stages)), total = both(svytotal(~y, stages)), ratio = both(svyratio(~y, ~x, stages))),
  lonely = list(adjust = lonely("adjust"), average = lonely("average"), certainty = lonely("certainty")),
  quantile = q(again), quantile_fpc = q(full),
  proportion = list(a = both(svymean(~g, again)), low = limits(svyciprop(~I(g == "a"), again, method = "logit"))),
  deff = c(deff(svymean(~y, again, deff = TRUE)), deff(svymean(~y, again, deff = "replace"))), degf = c(degf(again), degf(jk)),
  linear = cal(), bounded = cal(bounds = c(.85, 1.5), epsilon = 1e-10, maxit = 500),
  raking = cal(calfun = "raking", epsilon = 1e-10), logit = cal(calfun = "logit", bounds = c(.5, 2), epsilon = 1e-10),
  post = list(mean = both(svymean(~y, post)), total = both(svytotal(~y, post))),
  jkn = list(mean = both(svymean(~y, jk)), ratio = both(svyratio(~y, ~x, jk)), by = both(svyby(~y, ~g, jk, svymean))),
  jk1 = list(mean = both(svymean(~y, one)), total = both(svytotal(~y, one))),
  given = list(mean = both(svymean(~y, given)), total = both(svytotal(~y, given))),
  fgt = both(svymean(~poor + gap + gap2 + watts, again)), fgt_by = both(svyby(~gap, ~g, again, svymean)),
  glm = both(glm),
  gini = c(gini("y", weights = "w", data = d)$value, gini("y", weights = "w", breakdown = "g", data = d)$valueByStratum$value) / 100,
  qsr = c(qsr("y", weights = "w", data = d)$value, qsr("y", weights = "w", breakdown = "g", data = d)$valueByStratum$value),
  arpr = c(arpr("y", weights = "w", data = d)$value, arpr("y", weights = "w", breakdown = "g", data = d)$valueByStratum$value) / 100,
  arpr50 = arpr("y", weights = "w", p = .5, data = d)$value / 100, arpt = unname(arpt("y", weights = "w", data = d)),
  median = unname(incMedian("y", weights = "w", data = d)), versions = c(R.version.string, as.character(packageVersion("survey")), as.character(packageVersion("laeken"))))
cat(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = FALSE), "\n")
